import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { startCli } from '../integration/cli.ts';

describe('a command line that cannot be used', () => {
  test.each([
    [['sgn', 'My.app'], "unknown command 'sgn'", 'Did you mean sign?'],
    [['staus'], "unknown command 'staus'", 'Did you mean status?'],
    [['service', 'instal'], "unknown command 'instal'", 'Did you mean install?'],
    [['doctor', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['frobnicate'], "unknown command 'frobnicate'", 'perry-ship help'],
    [['cancel'], "missing required argument 'job'", 'perry-ship help'],
    [['help', 'sgn'], "unknown command 'sgn'", 'Did you mean sign?'],
    [['help', 'frobnicate'], "unknown command 'frobnicate'", 'perry-ship help'],
    [['sgn', '--help'], "unknown command 'sgn'", 'Did you mean sign?'],
    [['help', 'service', 'instal'], "unknown command 'instal'", 'Did you mean install?'],
    [['service', 'help', 'instal'], "unknown command 'instal'", 'Did you mean install?'],
    [['--', 'sgn'], "unknown command 'sgn'", 'Did you mean sign?'],
  ])('%j is answered in a few lines, with 2', async (words, fault, advice) => {
    const cli = startCli({}, ...words);
    expect(await cli.ended).toBe(2);
    const text = cli.lines.join('\n');
    expect(text).toContain(fault);
    expect(text).toContain(advice);
    expect(cli.lines.length).toBeLessThan(4);
  });

  test.each([[['check', '--json']], [['verify', '--json']], [['status', '--json', 'what']]])(
    '%j is answered as JSON',
    async (words) => {
      const said = await outputOf(words);
      expect(JSON.parse(said)).toMatchObject({ ok: false, error: { code: 'COMMAND_USAGE_WRONG' } });
    },
  );
});

test.each([
  [['help'], 'Usage: perry-ship [options] [command]'],
  [['--'], 'Usage: perry-ship [options] [command]'],
  [['--', 'help', 'sign'], 'Usage: perry-ship sign'],
  [['help', 'sign'], 'Usage: perry-ship sign'],
  [['service', 'help'], 'Usage: perry-ship service'],
  [['help', 'service', 'install'], 'Usage: perry-ship service install'],
])('%j shows the help that is meant', async (words, first) => {
  const cli = startCli({}, ...words);
  expect(await cli.ended).toBe(0);
  expect(cli.lines[0]).toContain(first);
});

test('sign and check take the same flags of a bundle and its credentials', async () => {
  const flagsOf = async (command: string) => {
    const cli = startCli({}, 'help', command);
    await cli.ended;
    return [...cli.lines.join('\n').matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
  };
  const [ofSign, ofCheck] = [await flagsOf('sign'), await flagsOf('check')];
  expect(ofCheck.length).toBeGreaterThan(15);
  expect(ofCheck.filter((flag) => !ofSign.includes(flag))).toEqual([]);
});

test('without a command a person at a terminal gets help, with 0', () => {
  const line = `${process.execPath} ${join(packageRoot(), 'dist/src/cli/perry-ship.js')}`;
  const said = execFileSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
  expect(said).toContain('Usage: perry-ship');
  expect(said).toMatch(/sign.*\[bundle\]/);
});

test('without a command, but with a setting of the daemon, the daemon is meant', async () => {
  const cli = startCli({ PERRY_VM_DRIVER: 'no-such' }, '--inspect');
  expect(await cli.ended).toBe(78);
});

/** What goes to standard output alone. */
async function outputOf(words: readonly string[]): Promise<string> {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  try {
    return execFileSync(process.execPath, [program, ...words], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
