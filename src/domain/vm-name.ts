import { ShipError } from '../errors.ts';

/**
 * A clone carries its owner in its name, so that the daemon can find and remove, after a restart, what a previous
 * one left, and nothing else. The run id is a random UUID: a clone onto an existing name would replace a machine
 * silently (Tart does), so a name must never be guessable or used twice.
 */
export interface VmName {
  /** Identity of the daemon: eight lower-case hexadecimal digits. */
  readonly instance: string;
  /** UUID of the run, lower case. */
  readonly runId: string;
}

const INSTANCE = /^[0-9a-f]{8}$/;
const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NAME = /^perry-ship-([0-9a-f]{8})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** `{ instance: 'c0ffee00', runId: '3f2a…' }` → `perry-ship-c0ffee00-3f2a…`: `[a-z0-9-]` only, 56 characters. */
export function printVmName({ instance, runId }: VmName): string {
  if (!INSTANCE.test(instance)) throw unprintable(`instance "${instance}" is not eight hexadecimal digits`);
  if (!RUN_ID.test(runId)) throw unprintable(`run "${runId}" is not a lower-case UUID`);
  return `perry-ship-${instance}-${runId}`;
}

/** The parts of a name of ours; `undefined` for anybody else's. */
export function parseVmName(name: string): VmName | undefined {
  const [, instance, runId] = NAME.exec(name) ?? [];
  return instance !== undefined && runId !== undefined ? { instance, runId } : undefined;
}

const unprintable = (fact: string): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: 'A virtual machine could not be given a name.',
    reason: `The ${fact}.`,
    nextStep: 'Report this run to the maintainers.',
  });
