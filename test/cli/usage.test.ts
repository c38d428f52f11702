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

test('without a command a person at a terminal gets help, with 0', () => {
  const line = `${process.execPath} ${join(packageRoot(), 'dist/src/cli/perry-ship.js')}`;
  const said = execFileSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
  expect(said).toContain('Usage: perry-ship');
  expect(said).toMatch(/sign.*<bundle>/);
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
