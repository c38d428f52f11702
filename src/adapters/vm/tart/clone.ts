import { requireFreeSpace } from '../disk-space.ts';
import type { Tart } from './command.ts';
import { imageMissing, nameTaken, tartFailure } from './failures.ts';
import { hasImage, listMachines } from './listing.ts';
import { type Outcome, outcomeOf } from './outcomes.ts';

const SET_DEADLINE_MS = 30_000;
/** Ends of `clone` that another attempt can turn: mostly another command that tidied up at the wrong moment. */
const WORTH_REPEATING: readonly Outcome[] = ['lockLost', 'failed'];

export interface CloneRequest {
  readonly image: string;
  readonly name: string;
  readonly home: string;
  readonly minFreeDiskGb: number;
  readonly signal: AbortSignal;
}

/**
 * Makes a machine from an image that is on this host. Tart would replace a machine of the same name silently, even one
 * that runs, and would pull a missing image of a registry for hours: both are looked up first.
 *
 * @throws ShipError VM_DISK_FULL · VM_IMAGE_MISSING · VM_CLONE_FAILED · VM_LIST_FAILED · VM_HOST_NOT_READY
 */
export async function cloneMachine(tart: Tart, request: CloneRequest): Promise<void> {
  const { image, name, home, minFreeDiskGb, signal } = request;
  await requireFreeSpace(home, minFreeDiskGb, diskAdvice);
  const machines = await listMachines(tart, { signal });
  if (!hasImage(machines, image))
    throw imageMissing(
      image,
      machines.map((machine) => machine.name),
    );
  if (machines.some((machine) => machine.isLocal && machine.name === name)) throw nameTaken(name);
  await copy(tart, request);
  // Two machines with one hardware address get one network address; the first clone of a pulled image keeps the image's.
  const result = await tart.call(['set', name, '--random-mac'], { signal, deadlineMs: SET_DEADLINE_MS });
  if (outcomeOf(result) !== 'succeeded') throw tartFailure(attempt(image), result);
}

/** Nothing is left by a clone that failed: its last step is a rename. */
async function copy(tart: Tart, { image, name, signal }: CloneRequest): Promise<void> {
  const clone = () => tart.call(['clone', image, name], { signal });
  let result = await clone();
  if (WORTH_REPEATING.includes(outcomeOf(result))) result = await clone();
  const outcome = outcomeOf(result);
  if (outcome === 'missing') throw imageMissing(image, []);
  if (outcome !== 'succeeded') throw tartFailure(attempt(image), result);
}

const attempt = (image: string) => ({
  summary: `The golden image "${image}" could not be cloned.`,
  code: 'VM_CLONE_FAILED' as const,
});

/** What the operator does about a full disk. */
export const diskAdvice = {
  volume: 'The volume of TART_HOME',
  nextStep:
    'Free space there ("tart list" shows what nobody needs any more), or lower PERRY_MIN_FREE_DISK_GB.',
};
