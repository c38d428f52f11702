import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TartError } from './failures.mjs';

/**
 * Runs a command, or does with it what the knobs say:
 *
 * - `times`: only so often, then all is well (left out: always); `match`: only when a word of the command has this in it
 * - `delayMs`, `floodBytes` (noise on stderr), `warning` (a line on stderr): before anything else
 * - `hang`: does not end; `'stubborn'` not even by SIGINT and SIGTERM
 * - `exitCode`, `stdout`, `stderr`: ends so; with `late` after it has done its work
 */
export async function applyFault({ home, knobs, names }, command, execute) {
  const fault = knobs.faults[command];
  const applies = fault && (!fault.match || names.some((name) => name.includes(fault.match)));
  if (!applies || !(await isDue(home, command, fault.times))) return execute();
  if (fault.delayMs) await pause(fault.delayMs);
  if (fault.floodBytes) await flood(fault.floodBytes);
  if (fault.warning) process.stderr.write(`${fault.warning}\n`);
  if (fault.hang) await hang(fault.hang);
  if (fault.late) await execute();
  if (fault.exitCode === undefined) return fault.late ? undefined : execute();
  if (fault.stdout) process.stdout.write(`${fault.stdout}\n`);
  throw new TartError(fault.exitCode, fault.stderr ?? '');
}

const isDue = async (home, command, times) =>
  times === undefined || (await takeCount(home, command, times)) !== undefined;

/** Counts over all processes, from 1 to `most`; each number is taken once, `undefined` when all are. */
export async function takeCount(home, name, most) {
  for (let count = 1; count <= most; count += 1) {
    try {
      await (await open(join(home.used, `${name}-${count}`), 'wx')).close();
      return count;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  return undefined;
}

async function hang(how) {
  if (how === 'stubborn')
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).on(signal, () => {});
  await pause(2 ** 31 - 1);
}

/** Written with back-pressure: stands still when nobody reads. */
export async function flood(sizeBytes) {
  const line = `${'noise '.repeat(1_000)}\n`;
  for (let written = 0; written < sizeBytes; written += line.length)
    if (!process.stderr.write(line)) await new Promise((resolve) => process.stderr.once('drain', resolve));
}
