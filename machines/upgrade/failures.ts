import { type Failure, failureOf } from '../contracts/failure.ts';

/** @param doing - completes "… before its deadline." */
export const stepTimedOut = (doing: string): Failure =>
  failureOf({
    kind: 'host',
    code: 'UPGRADE_FAILED',
    summary: 'A step of the upgrade took too long.',
    reason: `${doing} did not end before its deadline.`,
    nextStep: 'Look what keeps this host or its network busy, and run "perry-ship upgrade" again.',
    retryable: true,
  });

export const drainTooLong: Failure = failureOf({
  kind: 'host',
  code: 'UPGRADE_FAILED',
  summary: 'The daemon has not finished its jobs in the time that its settings give it.',
  reason: 'It takes no more jobs, and was not ended: nothing was put in its place.',
  nextStep:
    'Look at "perry-ship status"; when it has ended, run "perry-ship upgrade" again, or start it with "perry-ship service install".',
  retryable: true,
});

export const newDied: Failure = failureOf({
  kind: 'host',
  code: 'UPGRADE_FAILED',
  summary: 'The daemon of the new version ended right after its start.',
  reason: 'The service manager says that it ended with an error.',
  nextStep: 'Read why in its log, and stay with the version of before until that is mended.',
  retryable: false,
});

export const newSilent: Failure = failureOf({
  kind: 'host',
  code: 'UPGRADE_FAILED',
  summary: 'The daemon of the new version did not come to serve.',
  reason:
    'In the time that it was given, it did not answer on its control socket, or was not as ready for jobs as the one before.',
  nextStep: 'Read in its log what kept it, and run "perry-ship upgrade" again when that is mended.',
  retryable: true,
});

export const upgradeCancelled: Failure = failureOf({
  kind: 'input',
  code: 'CANCELLED',
  summary: 'Stopped on request.',
  reason: 'The version of before is in place.',
  nextStep: 'Run "perry-ship upgrade" again to start over.',
  retryable: true,
});
