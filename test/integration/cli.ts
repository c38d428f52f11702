import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, on, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/package-root.ts';
import { patience } from '../helpers/daemon.ts';

const PROGRAM = join('dist', 'src', 'cli', 'perry-ship.js');

/** The built program as an operator starts it, in an environment of exactly these variables. */
export interface RunningCli {
  readonly pid: number;
  readonly lines: readonly string[];
  /** The first line, of those that came and those that will, that fits. */
  said(pattern: RegExp, patienceMs?: number): Promise<string>;
  /** Every line, of those that came and those that will, once and in order. */
  onLine(hear: (line: string) => void): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(name: NodeJS.Signals): void;
}

export function startCli(env: Readonly<Record<string, string>>, ...args: string[]): RunningCli {
  const child = spawn(process.execPath, [join(packageRoot(), PROGRAM), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PERRY_VM_DRIVER: 'local', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { lines, changes } = linesOf(child);
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    signal: (name) => void child.kill(name),
    onLine: (hear) => {
      for (const line of lines) hear(line);
      changes.on('line', hear);
    },
    said: async (pattern, patienceMs) => {
      const events = on(changes, 'line', { signal: patience(patienceMs) });
      for (;;) {
        const line = lines.find((text) => pattern.test(text));
        if (line !== undefined) return line;
        await Promise.race([events.next(), ended.then((how) => failed(pattern, how, lines))]);
      }
    },
  };
}

function failed(pattern: RegExp, how: unknown, lines: readonly string[]): never {
  throw new Error(`ended with ${String(how)} and never said ${String(pattern)}:\n${lines.join('\n')}`);
}

function linesOf({ stdout, stderr }: ChildProcess) {
  const lines: string[] = [];
  const changes = new EventEmitter();
  for (const input of [stdout, stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      changes.emit('line', line);
    });
  }
  return { lines, changes };
}
