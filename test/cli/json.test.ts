import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonText } from '../../src/cli/print-json.ts';
import { packageRoot } from '../../src/package-root.ts';

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'json-'));
});
afterAll(() => rm(stateDir, { recursive: true }));

/** What goes to standard output alone, whatever the exit code. */
function outputOf(...words: readonly string[]): string {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const { PATH, HOME } = process.env;
  try {
    return execFileSync(process.execPath, ['--', program, ...words], {
      ...{ encoding: 'utf8', stdio: 'pipe' },
      env: { PATH, HOME, PERRY_VM_DRIVER: 'local', PERRY_STATE_DIR: stateDir },
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** They have commands of their own. */
const GROUPS = ['service', 'image', 'audit'];
/** They work until they are stopped, and tell what they do. */
const WITHOUT_RESULT = ['run', 'demo'];

function commandsBelow(...path: readonly string[]): string[][] {
  const [, list = ''] = outputOf('help', ...path).split('Commands:');
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
  return names
    .filter((name) => name !== 'help' && !WITHOUT_RESULT.includes(name))
    .flatMap((name) =>
      GROUPS.includes(name) && path.length === 0 ? commandsBelow(name) : [[...path, name]],
    );
}

test('every command that has a result takes --json', () => {
  const commands = commandsBelow();
  expect(commands.length).toBeGreaterThan(12);
  const without = commands.filter((path) => !outputOf('help', ...path).includes('--json'));
  expect(without).toEqual([]);
});

describe('what fails is told as JSON', () => {
  test.each([
    [['status'], { running: false }],
    [['drain'], { ok: false, error: { code: 'DAEMON_NOT_RUNNING' } }],
    [['drain', '--now'], { ok: false, error: { code: 'DAEMON_NOT_RUNNING' } }],
    [['cancel', 'some-job'], { ok: false, error: { code: 'DAEMON_NOT_RUNNING' } }],
    [['service', 'print', '--env-file', '/no/such'], { ok: false, error: { code: 'CONFIG_INVALID' } }],
    [['explain', 'NO_SUCH_CODE'], { ok: false }],
    [['verify', '/no/such'], { ok: false }],
    [['identity', '/no/such'], { ok: false }],
    [['check', '/no/such'], { ok: false }],
    [['sign', '/no/such'], { ok: false }],
    [['cancel'], { ok: false, error: { code: 'COMMAND_USAGE_WRONG' } }],
    [['service', 'instal'], { ok: false, error: { code: 'COMMAND_USAGE_WRONG' } }],
    [['drain', 'what'], { ok: false, error: { code: 'COMMAND_USAGE_WRONG' } }],
  ])('%j', (words, answer) => {
    expect(JSON.parse(outputOf(...words, '--json'))).toMatchObject(answer);
  });
});

test('service print gives the property list or the unit, and its place', () => {
  const [name, place] = process.platform === 'darwin' ? ['plist', '.plist'] : ['unit', '.service'];
  const { [name]: text, ...rest } = JSON.parse(outputOf('service', 'print', '--json'));
  const path = expect.stringContaining(place);
  expect(rest).toMatchObject({ ok: true, [`${name}Path`]: path, envFile: null });
  expect(text).toBe(outputOf('service', 'print'));
});

test('a new version is asked for what it must be able to read, and for nothing else', () => {
  const { ok, answers } = JSON.parse(outputOf('doctor', '--for', 'upgrade', '--json'));
  expect(ok).toBe(true);
  expect(answers.map(({ question }: { question: string }) => question)).toEqual([
    'Is Node.js recent enough?',
    'Can the configuration be used?',
    'Can this version read the state directory?',
  ]);
});

describe('what steers a terminal, turns text around or is not seen', () => {
  const hostile = 'a\u0000\u001b[2J\u007f\u009b31m\u202etxt\u2066\u200f\u00ad\u2028\ufeff\u{e0041}"\\ é 🦊';

  test.each([0, 2] as const)('is escaped in JSON, which says the same, indented by %i', (indent) => {
    const text = jsonText({ [hostile]: [hostile] }, indent);
    expect(text.replaceAll('\n', '')).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u);
    expect(text).toContain('\\u009b31m\\u202etxt');
    expect(text).toContain(' é 🦊');
    expect(JSON.parse(text)).toEqual({ [hostile]: [hostile] });
  });

  test('cannot get round that: no command writes JSON by itself', async () => {
    const folder = join(packageRoot(), 'src/cli');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ts') && name !== 'print-json.ts');
    const texts = await Promise.all(
      files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]),
    );
    const direct = /JSON\.stringify\(([^()]+, null, 2\)|\{|line|report|result)/;
    expect(texts.filter(([, source = '']) => direct.test(source)).map(([name]) => name)).toEqual([]);
  });
});
