import type { Tart, TartResult } from './command.ts';
import { tartFailure } from './failures.ts';
import { removeFolder } from './home.ts';
import { outcomeOf } from './outcomes.ts';

const DELETE_DEADLINE_MS = 30_000;
/** Added to the time that `tart stop` itself waits; one that takes longer hangs, and another may not. */
const STOP_MARGIN_MS = 3_000;

/**
 * Powers off a machine that a previous process of the daemon has started: `tart stop`. It says nothing about machines that
 * do not run.
 *
 * @throws ShipError VM_STOP_FAILED
 */
export async function stopStranger(
  tart: Tart,
  name: string,
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const timeout = Math.ceil(graceMs / 1_000);
  const deadlineMs = timeout * 1_000 + STOP_MARGIN_MS;
  const result = await tart.call(['stop', name, '--timeout', String(timeout)], { signal, deadlineMs });
  if (['succeeded', 'notRunning', 'missing'].includes(outcomeOf(result))) return;
  throw tartFailure(
    { summary: `The machine "${name}" could not be powered off.`, code: 'VM_STOP_FAILED' },
    result,
  );
}

export interface DeleteRequest {
  readonly name: string;
  readonly home: string;
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Removes a machine for good, and its folder where Tart does not see it any more. One that still runs, or whose lock has
 * not gone yet, is stopped first.
 *
 * @throws ShipError VM_DELETE_FAILED · VM_STOP_FAILED
 */
export async function deleteMachine(tart: Tart, request: DeleteRequest): Promise<void> {
  const { name, home, signal } = request;
  let result = await remove(tart, request);
  if (outcomeOf(result) === 'stillRunning') {
    await stopStranger(tart, name, request);
    result = await remove(tart, request);
  }
  if (!['succeeded', 'missing'].includes(outcomeOf(result))) throw notDeleted(name, result);
  signal.throwIfAborted();
  await removeFolder(home, name);
}

const remove = (tart: Tart, { name, signal }: DeleteRequest): Promise<TartResult> =>
  tart.call(['delete', name], { signal, deadlineMs: DELETE_DEADLINE_MS });

const notDeleted = (name: string, result: TartResult) =>
  tartFailure({ summary: `The machine "${name}" could not be deleted.`, code: 'VM_DELETE_FAILED' }, result);
