import { type Failure, failureOf } from '../contracts/failure.ts';
import { type Text, TRY_AGAIN_OR_LOOK } from '../contracts/wording.ts';

const host = (code: string, summary: string, reason: string, nextStep: Text): Failure =>
  failureOf({ kind: 'host', code, summary, reason, nextStep, retryable: true });

/** Of words from elsewhere, with or without a full stop. */
const ended = (words: string): string => (words.endsWith('.') ? words : `${words}.`);

/** @param rebuff - of the last attempt */
export const vmTimedOut = (doing: string, rebuff: Failure | null = null): Failure =>
  host(
    'VM_TIMED_OUT',
    `The virtual machine was not ready in time.`,
    `It did not finish ${doing} before its deadline.${rebuff ? ` ${rebuff.summary} ${rebuff.reason}` : ''}`,
    TRY_AGAIN_OR_LOOK,
  );

export const vmExited = (reason: string): Failure =>
  host(
    'VM_EXITED',
    'The virtual machine ended while it was needed.',
    `It ended so: ${ended(reason)}`,
    TRY_AGAIN_OR_LOOK,
  );

export const guestLost = (reason: string): Failure =>
  host(
    'GUEST_LOST',
    'The connection to the virtual machine was lost.',
    `It ended so: ${ended(reason)}`,
    TRY_AGAIN_OR_LOOK,
  );
