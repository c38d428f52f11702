import type { Obstacle } from '../../machines/contracts/obstacle.ts';
import { forAudience } from '../../machines/contracts/wording.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import type { SignatureAccount } from '../audit/account.ts';
import { waitFor, withDeadline } from '../deadline.ts';
import { ShipError } from '../errors.ts';
import { capitalized, plainLine } from '../text.ts';
import type { DiskFacts } from './disks.ts';
import type { Unwritable } from './state-folder.ts';

/** What a look at the worker needs. */
export interface Searched {
  /** What cannot be written of the state directory. */
  readonly unwritable: () => Promise<Unwritable | undefined>;
  readonly signatures: Pick<SignatureAccount, 'goOn'>;
  readonly driver: Pick<VmDriver, 'checkAccount'>;
  readonly disks: () => Promise<readonly DiskFacts[]>;
}

/**
 * What stands in the way of every job of this worker now. Of what cannot be told now, what was known.
 *
 * @throws the signal's reason
 */
export async function findObstacles(
  { unwritable, signatures, driver, disks }: Searched,
  known: readonly Obstacle[],
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  const before = (about: Obstacle['about']) => known.find((obstacle) => obstacle.about === about);
  const found = await Promise.all([
    stateRefused(unwritable, before('state')),
    signatures.goOn().then(signaturesBlocked),
    disks().then((all) => diskFull(all, before('disk') !== undefined)),
    accountRefused(driver, before('cluster'), signal),
  ]);
  signal.throwIfAborted();
  return found.filter((obstacle) => obstacle !== undefined);
}

/** A disk that hangs holds up no other question. */
const DISK_PATIENCE_MS = 5_000;

const stateRefused = (
  unwritable: Searched['unwritable'],
  known: Obstacle | undefined,
): Promise<Obstacle | undefined> =>
  waitFor(unwritable(), AbortSignal.timeout(DISK_PATIENCE_MS)).then(
    (found) => found && cannotBeWritten(found),
    () => known,
  );

const cannotBeWritten = ({ path, code }: Unwritable): Obstacle => ({
  about: 'state',
  summary: 'The state directory cannot be written, and every job writes to it.',
  reason: `The system said ${code} of "${plainLine(path, 200)}".`,
  nextStep:
    'See whether its file system is full or mounted read-only ("mount", "dmesg"), or let this user write there again.',
});

const signaturesBlocked = (problem: string | null): Obstacle | undefined =>
  problem === null
    ? undefined
    : {
        about: 'signatures',
        summary:
          'Nothing can be entered in the account of signatures, without which no artifact leaves this host.',
        reason: `Of signatures.jsonl in the state directory: ${plainLine(problem, 400)}.`,
        nextStep:
          'Make room on its disk, let this user write to the file and its folder again, or bring back a disk that does not answer.',
      };

/** So much more than needed must be free again: a disk at its limit would stop and start the worker by turns. */
const DISK_MARGIN = 1.2;
const GB = 1e9;

function diskFull(disks: readonly DiskFacts[], wasFull: boolean): Obstacle | undefined {
  const sentences = disks.flatMap(({ folder, freeBytes, neededBytes }) => {
    const least = neededBytes * (wasFull ? DISK_MARGIN : 1);
    if (freeBytes === undefined || freeBytes >= least) return [];
    return [
      `the disk of "${plainLine(folder, 200)}" has ${inGb(freeBytes)} free, and ${inGb(least)} are needed`,
    ];
  });
  if (sentences.length === 0) return undefined;
  return {
    about: 'disk',
    summary: 'A disk that every job needs is full.',
    reason: `${capitalized(sentences.join('; '))}.`,
    nextStep: 'Free space on it; "perry-ship image list" and "perry-ship doctor" show what takes it.',
  };
}

const inGb = (bytes: number): string => `${(bytes / GB).toFixed(2)} GB`;

/** A controller that hangs holds up no other question. */
const PATIENCE_MS = 10_000;
/** They heal only when the operator changes something. */
const REFUSALS = ['CLUSTER_REFUSED', 'CLUSTER_CERTIFICATE_REFUSED'];

async function accountRefused(
  driver: Pick<VmDriver, 'checkAccount'>,
  known: Obstacle | undefined,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  try {
    const inTime = withDeadline(signal, PATIENCE_MS);
    await waitFor(Promise.resolve(driver.checkAccount?.({ signal: inTime })), inTime);
    return undefined;
  } catch (error) {
    if (!(error instanceof ShipError) || !REFUSALS.includes(error.code)) return known;
    const { summary, reason, nextStep } = forAudience(error.failure, 'terminal');
    return { about: 'cluster', summary, reason, nextStep };
  }
}
