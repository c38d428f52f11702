import * as z from 'zod';
import { ShipError } from '../../../errors.ts';
import type { Tart } from './command.ts';
import { tartFailure } from './failures.ts';
import { jsonOf } from './listing.ts';
import { outcomeOf } from './outcomes.ts';

const DEADLINE_MS = 30_000;

export interface PullOptions {
  readonly signal: AbortSignal;
  /** As Tart says it: `pulling manifest...`, `pulling disk (30.1 GB compressed)...`, `42%`. */
  readonly onLine: (line: string) => void;
}

/**
 * `tart pull IMAGE`: from a registry into the cache of Tart. An image that is there already is no error. What has come
 * when it is interrupted is used by the next attempt.
 *
 * @throws ShipError VM_IMAGE_MISSING · VM_DISK_FULL · IMAGE_BUILD_FAILED
 */
export async function pullImage(tart: Tart, image: string, { signal, onLine }: PullOptions): Promise<void> {
  const result = await tart.call(['pull', image], { signal, onLine });
  if (outcomeOf(result) === 'succeeded') return;
  throw tartFailure(
    { summary: `The base image "${image}" could not be fetched.`, code: 'IMAGE_BUILD_FAILED' },
    result,
  );
}

/**
 * `tart rename OLD NEW`: one step of the file system, and never onto a machine that exists.
 *
 * @throws ShipError IMAGE_EXISTS · IMAGE_BUILD_FAILED
 */
export async function renameMachine(
  tart: Tart,
  { from, to, signal }: { readonly from: string; readonly to: string; readonly signal: AbortSignal },
): Promise<void> {
  const result = await tart.call(['rename', from, to], { signal, deadlineMs: DEADLINE_MS });
  if (outcomeOf(result) === 'succeeded') return;
  if (result.stderr.includes(`target VM ${to} already exists`)) throw imageExists(to);
  throw tartFailure(
    { summary: `The machine "${from}" could not be named "${to}".`, code: 'IMAGE_BUILD_FAILED' },
    result,
  );
}

export const imageExists = (name: string): ShipError =>
  new ShipError('IMAGE_EXISTS', {
    summary: `There is a machine "${name}" already.`,
    reason: '"tart list" has it.',
    nextStep: 'Add --force to replace it, or give another name.',
  });

export interface MachineFacts {
  /** `darwin` or `linux`. */
  readonly os: string;
  /** What it takes on the disk of this host; parts that it shares with other machines are counted for each. */
  readonly sizeBytes: number;
}

const schema = z.object({ OS: z.string(), Size: z.union([z.string(), z.number()]) });

/** `tart get NAME --format json`; `undefined` for a machine that has gone, or an answer that is not understood. */
export async function describeMachine(
  tart: Tart,
  name: string,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const result = await tart.call(['get', name, '--format', 'json'], { signal, deadlineMs: DEADLINE_MS });
  if (outcomeOf(result) !== 'succeeded') return undefined;
  const parsed = schema.safeParse(jsonOf(result.stdout));
  if (!parsed.success) return undefined;
  const sizeGb = Number(parsed.data.Size);
  return { os: parsed.data.OS, sizeBytes: Number.isFinite(sizeGb) ? Math.round(sizeGb * 1e9) : 0 };
}
