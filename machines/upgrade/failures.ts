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
  summary:
    'perry-ship was not upgraded: the daemon has not finished its jobs in the time that its settings give a drain.',
  reason: 'No job was stopped and nothing was changed; the daemon takes jobs again.',
  nextStep:
    'Look at "perry-ship status" what runs so long: wait for it, or cancel it, and run "perry-ship upgrade" again.',
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
    'In the time that it was given, it did not answer on its control socket, took no jobs, or was not linked where the one before was.',
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
