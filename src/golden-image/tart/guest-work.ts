import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { GuestSession } from '../../adapters/guest/guest.ts';
import { shellLine } from '../../adapters/guest/ssh/quote.ts';
import { stepFailed } from './failures.ts';
import type { GuestCommand } from './guest-commands.ts';

export interface GuestWork {
  readonly session: GuestSession;
  readonly signal: AbortSignal;
  /** Absolute paths of what goes in. */
  readonly files: Partial<Record<'rcodesign' | 'xcode', string>>;
  readonly onProgress: (line: string) => void;
}

const SAID_LINES = 5;

/**
 * Runs one command in the guest; its stdout without the line breaks around it. What a command that failed has said is
 * shown, as far as it can be printed.
 *
 * @throws ShipError IMAGE_BUILD_FAILED · GUEST_LOST · the signal's reason
 */
export async function runInGuest(work: GuestWork, { line, stdin, file }: GuestCommand): Promise<string> {
  const { session, signal, onProgress } = work;
  const input = file === undefined ? stdin : await fileStream(work, file);
  const options = { signal, ...(input !== undefined && { stdin: input }) };
  const result = await session.exec(shellLine(line), options);
  if (result.exitCode === 0) return result.stdout.trim();
  for (const said of printable(result.stderr)) onProgress(`  it said: ${said}`);
  throw stepFailed(line, result);
}

export async function runAllInGuest(work: GuestWork, commands: readonly GuestCommand[]): Promise<void> {
  for (const each of commands) await runInGuest(work, each);
}

/** The last lines, without what could move the cursor of a terminal. */
const printable = (text: string): readonly string[] =>
  text
    .replaceAll(/[^\P{C}\n]/gu, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-SAID_LINES)
    .map((line) => line.slice(0, 200));

const STEP_PERCENT = 10;

/** Told in steps of ten per cent. */
async function fileStream(
  { files, onProgress }: GuestWork,
  kind: NonNullable<GuestCommand['file']>,
): Promise<Readable> {
  const path = files[kind];
  if (path === undefined) throw new Error(`there is no file for ${kind}`);
  const { size } = await stat(path);
  return Readable.from(counted(createReadStream(path), size, onProgress), { objectMode: false });
}

async function* counted(source: AsyncIterable<Buffer>, size: number, onProgress: (line: string) => void) {
  let sent = 0;
  let told = 0;
  for await (const piece of source) {
    yield piece;
    sent += piece.length;
    const percent = Math.floor((100 * sent) / size);
    if (percent < told + STEP_PERCENT) continue;
    told = percent - (percent % STEP_PERCENT);
    if (size >= TOLD_FROM_BYTES) onProgress(`  ${told} % is in the guest`);
  }
}

/** What is smaller is there at once. */
const TOLD_FROM_BYTES = 100e6;
