import type { Failure } from '../contracts/failure.ts';

const host = (code: string, summary: string, reason: string, nextStep: string): Failure => ({
  kind: 'host',
  code,
  summary,
  reason,
  nextStep,
  retryable: true,
});

const AGAIN = 'Send the job again; if it fails again, the operator of the worker should look at its log.';

export const vmTimedOut = (doing: string): Failure =>
  host(
    'VM_TIMED_OUT',
    `The virtual machine of this job was not ready in time.`,
    `It did not finish ${doing} before its deadline.`,
    AGAIN,
  );

export const vmExited = (reason: string): Failure =>
  host(
    'VM_EXITED',
    'The virtual machine of this job ended while it was needed.',
    `It said: ${reason}`,
    AGAIN,
  );

export const guestLost = (reason: string): Failure =>
  host(
    'GUEST_LOST',
    'The connection to the virtual machine of this job was lost.',
    `It ended with: ${reason}`,
    AGAIN,
  );
