import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import { TRY_AGAIN_OR_LOOK } from '../../../machines/contracts/wording.ts';
import { enterGuest } from '../../adapters/guest/enter-guest.ts';
import type { GuestSession } from '../../adapters/guest/guest.ts';
import { summarizeCredentials } from '../../domain/credentials/summarize.ts';
import { ShipError } from '../../errors.ts';
import type { GuestAccess, RunSetup } from '../channel/run-setup.ts';
import { admittedJob, readJob } from '../read-job.ts';
import type { RunResults } from '../run-results.ts';
import type { RunServices } from '../services.ts';
import { forgetGuestCopies } from '../steps/guest-copies.ts';

/** A guest that was just spoken to lets us in at once; an emulated one on a busy host takes seconds for each handshake. */
const READY_TIMEOUT_MS = 30_000;

/** One run, in its own process: what it was given, what its steps have made so far, its way into the machine. */
export interface RunRoom {
  readonly services: RunServices;
  readonly results: RunResults;
  session?: GuestSession;
}

/** @throws ShipError as `readJob` */
export function openRoom(setup: RunSetup, services: RunServices): { room: RunRoom; job: AdmittedJob } {
  const { runId, jobId, folders, manifest: sentManifest, settings } = setup;
  const job = readJob(setup, { summarize: summarizeCredentials, notarize: settings.notarize });
  const results: RunResults = { runId, jobId, dir: folders.run, sentManifest, artifacts: new Map(), ...job };
  return { room: { services, results }, job: admittedJob(job, setup.toolchain) };
}

/**
 * Logs into the machine of the run.
 *
 * @param onLost - told when the connection has ended
 * @throws ShipError as `enterGuest`
 */
export async function connectGuest(
  room: RunRoom,
  access: GuestAccess,
  signal: AbortSignal,
  onLost: (reason: string) => void,
): Promise<void> {
  const session = await enterGuest(access, { signal, readyTimeoutMs: READY_TIMEOUT_MS });
  // one machine takes the place of another
  if (room.session) forgetGuestCopies(room.results);
  room.session = session;
  void session.closed.then((reason) => {
    if (room.session === session) onLost(reason);
  });
}

/** The open connection into the run's machine. @throws ShipError GUEST_LOST */
export function sessionOf({ session }: RunRoom): GuestSession {
  if (session) return session;
  throw new ShipError('GUEST_LOST', {
    summary: 'The connection to the virtual machine was lost.',
    reason: 'There is no open connection to it any more.',
    nextStep: TRY_AGAIN_OR_LOOK,
  });
}
