import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeIosDemoBundle, makeMacDemoBundle } from '../../src/demo/bundles/index.ts';
import { packageRoot } from '../../src/package-root.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';
import { startCli } from '../integration/cli.ts';

const PROGRAM = join(packageRoot(), 'dist/src/cli/perry-ship.js');
let folder: string;
let password: string;
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-sign-terminal-'));
  const identity = sharedIdentity({
    commonName: 'Developer ID Application: Demo (DEMO123456)',
    teamId: 'DEMO123456',
  });
  password = identity.password;
  await writeFile(file('a.p12'), identity.p12);
  await makeMacDemoBundle(file('mac.tar.gz'));
  await makeIosDemoBundle(file('ios.ipa'));
});
afterAll(() => rm(folder, { recursive: true }));

const env = (): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  TMPDIR: folder,
  PERRY_STATE_DIR: file('state'),
  PERRY_VM_DRIVER: 'local',
  PERRY_RCODESIGN: rcodesignPath,
});

/** util-linux has the `script` that gives a program a terminal. */
const hasTerminal = ((): boolean => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
})();

/** Types each answer when the question comes; what the terminal showed, and the exit code. */
async function onTerminal(args: readonly string[], answers: readonly string[]) {
  const command = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: env(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let shown = '';
  let answered = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    const questions = shown.split('Password of').length - 1;
    while (answered < Math.min(questions, answers.length)) child.stdin.write(answers[answered++] ?? '');
  });
  const [code] = await once(child, 'close');
  return { code, shown };
}

describe.runIf(hasTerminal)('a password that is typed', () => {
  test('may be typed again when it was wrong, and is never shown', async () => {
    const { code, shown } = await onTerminal(['identity', file('a.p12')], ['wrong\r', `${password}\r`]);
    expect([code, shown]).toEqual([0, expect.stringContaining('1 identity')]);
    expect(shown).toMatch(/Password of a\.p12: \s*That password does not open it; try again\./);
    expect(shown).not.toContain(password);
    expect(shown).not.toContain('wrong');
  });

  test('is refused after three tries', async () => {
    const { code, shown } = await onTerminal(['identity', file('a.p12')], ['one\r', 'two\r', 'three\r']);
    expect([code, shown]).toEqual([1, expect.stringContaining('P12_PASSWORD_WRONG')]);
  });

  test('Ctrl-C at the question ends with 130, and nothing was begun', async () => {
    const flags = ['--p12', file('a.p12'), '--out', `${file('never')}/`];
    const { code, shown } = await onTerminal(['sign', file('ios.ipa'), ...flags], ['secret\u0003']);
    expect([code, shown]).toEqual([130, expect.stringContaining('CANCELLED')]);
    expect(await readdir(folder)).not.toContain('never');
  });
});

describe('archives', () => {
  test.each([
    ['mac.tar.gz', 'terminal-notifier.dmg'],
    ['ios.ipa', 'PerryDemo.ipa'],
  ])('%s is signed like its app, quietly, with a password from a variable', async (archive, artifact) => {
    const args = [
      '--p12',
      file('a.p12'),
      '--p12-password-env',
      'CERTIFICATE_PASSWORD',
      '--timestamp-url',
      'none',
    ];
    const out = file(`out-${archive}`);
    const signing = startCli(
      { ...env(), CERTIFICATE_PASSWORD: password },
      ...['sign', file(archive), ...args, '--out', `${out}/`, '--quiet', '--json'],
    );
    expect(await signing.ended, signing.lines.join('\n')).toBe(0);
    const { ok, stages, durationMs } = JSON.parse(signing.lines.join('\n'));
    expect([ok, durationMs > 0, stages.length > 3]).toEqual([true, true, true]);
    expect(JSON.stringify(stages)).not.toMatch(/upload|download|hub/i);
    expect(await readdir(out)).toEqual([artifact]);
    expect(await readdir(file('state/sign'))).toEqual(['chains', 'journal']);
  });

  test.each([
    [['--profile', 'a.p12'], 'PROFILE_INVALID', 1],
    [['--p12-password-env', 'NOT_SET', '--p12', 'a.p12'], 'COMMAND_USAGE_WRONG', 2],
    [['--timestamp-url', 'gopher://x', '--p12', 'a.p12'], 'COMMAND_USAGE_WRONG', 2],
  ])('%j is refused before any work', async (flags, code, exitCode) => {
    const args = flags.map((flag) => (flag === 'a.p12' ? file(flag) : flag));
    const signing = startCli(env(), 'sign', file('mac.tar.gz'), ...args, '--out', `${file('refused')}/`);
    expect([await signing.ended, signing.lines.at(-1)]).toEqual([exitCode, expect.stringContaining(code)]);
    expect(await readdir(folder)).not.toContain('refused');
  });
});
