import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { type AppleLike, openAppleLike, PASSWORD } from '../helpers/apple-like.ts';
import { childrenOf } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { storeIosApp } from '../preflight/job.ts';

let apple: AppleLike;
let folder: string;
let commands: Readonly<Record<string, readonly string[]>>;
beforeAll(async () => {
  apple = openAppleLike();
  folder = await mkdtemp(join(tmpdir(), 'perry-read-apart-'));
  const app = await storeIosApp(folder);
  const p12 = join(folder, 'dist.p12');
  await writeFile(p12, apple.p12('distribution'));
  const signing = ['--p12', p12, '--p12-password-file', '-'];
  commands = {
    check: ['check', app, ...signing],
    identity: ['identity', p12, '--password-file', '-'],
    sign: ['sign', app, '--driver', 'local', '--out', join(folder, 'a.ipa'), ...signing],
  };
});
afterAll(async () => {
  apple.workshop.remove();
  await rm(folder, { recursive: true, force: true });
});

/** On a host that has much else to do. */
const PATIENCE = { timeout: 60_000, interval: 5 };

interface Waiting {
  readonly command: ChildProcess;
  /** Of the process that reads for it. */
  readonly readerPid: number;
  readonly temporaryDir: string;
  /** The password is given: the process is asked now. */
  readonly goOn: () => void;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

/** The command as a person runs it, at the moment when it waits for the password and its process stands by. */
async function waiting(name: string): Promise<Waiting> {
  const temporaryDir = await mkdtemp(join(folder, 'tmp-'));
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const command = spawn(process.execPath, [program, ...(commands[name] ?? [])], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH, HOME: folder, TMPDIR: temporaryDir },
      ...{ PERRY_STATE_DIR: join(folder, 'state'), PERRY_RCODESIGN: rcodesignPath },
    },
  });
  const [said, code] = [Promise.all([text(command.stdout), text(command.stderr)]), once(command, 'close')];
  const readerPid = await vi.waitFor(() => {
    const found = childrenOf(command.pid ?? 0, 'run-process/inquiry-main');
    expect(found).toHaveLength(1);
    return found[0] ?? 0;
  }, PATIENCE);
  return {
    ...{ command, readerPid, temporaryDir },
    goOn: () => command.stdin.end(`${PASSWORD}\n`),
    ended: Promise.all([code, said]).then(([[status], texts]) => ({ code: status, said: texts.join('\n') })),
  };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(process.platform !== 'linux').each(['check', 'identity', 'sign'])('%s', (name) => {
  test.each([
    ['SIGKILL', 'RUN_PROCESS_KILLED'],
    ['SIGABRT', 'RUN_PROCESS_LOST'],
    ['SIGSEGV', 'RUN_PROCESS_LOST'],
  ] as const)('says what to do when the process that reads for it ends by %s', async (signal, code) => {
    const { readerPid, temporaryDir, goOn, ended } = await waiting(name);
    process.kill(readerPid, signal);
    goOn();
    const { code: status, said } = await ended;
    expect(said).toMatch(
      new RegExp(`^perry-ship: ${code}: The process that reads the file .*[Tt]ry again`, 'm'),
    );
    expect(said).not.toMatch(/\n\s+at |PASSWORD/);
    expect(status).not.toBe(0);
    expect(await readdir(temporaryDir)).toEqual([]);
  });

  test('ends at once with ctrl-C, and its process with it, also one that does not answer', async () => {
    const { command, readerPid, temporaryDir, goOn, ended } = await waiting(name);
    process.kill(readerPid, 'SIGSTOP');
    goOn();
    command.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(isAlive(readerPid)).toBe(false);
    expect(await readdir(temporaryDir)).toEqual([]);
  });
});
