import { openTimestampRelay } from '../../adapters/timestamp/relay.ts';
import { type GuestStepScope, materialOf, passOf, type StepScope } from './step.ts';

/** Apple wants a time stamp on what is distributed directly, and may refuse one in its stores. */
export function timestampUrlOf(scope: StepScope): string {
  const { config } = scope.services;
  return passOf(scope).timestamp === 'store' ? config.storeTimestampUrl : config.timestampUrl;
}

/**
 * Calls `sign` with the time-stamp authority as the guest reaches it: through the SSH connection and this process, for as
 * long as `sign` takes; or by its own address, where guests have a network.
 *
 * @throws ShipError GUEST_FORWARD_REFUSED · GUEST_LOST · what `sign` throws
 */
export async function withTimestampUrl<T>(
  scope: GuestStepScope,
  sign: (timestampUrl: string) => Promise<T>,
): Promise<T> {
  const { services, session, signal } = scope;
  // an ad hoc signature has none
  const address = materialOf(scope).identity ? timestampUrlOf(scope) : 'none';
  if (address === 'none' || services.config.guestNetwork === 'shared') return sign(address);
  const authority = new URL(address);
  const onTrouble = once((reason) =>
    services.log('the time-stamp authority gave no time stamp', { host: authority.host, reason }),
  );
  const relay = await openTimestampRelay(session, { authority, signal, onTrouble });
  try {
    return await sign(relay.url);
  } finally {
    relay.close();
  }
}

/** A guest can ask without end: the first failure says enough. */
function once(tell: (reason: string) => void): (reason: string) => void {
  let next = tell;
  return (reason) => {
    const say = next;
    next = () => {};
    say(reason);
  };
}
