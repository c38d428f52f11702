import type { ActorRefFrom } from 'xstate';
import type { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';

/** The waits that end in another attempt to reach the hub. */
const WAITS = /^xstate\.after\.(backoff|refusedRetry)\./;

/** When the hub-connection tries again, as `Date.now()` counts; null when it does not wait for that. */
export function nextTryAtMs(hub: ActorRefFrom<typeof hubConnectionMachine> | undefined): number | null {
  const scheduled = Object.values(hub?.system.getSnapshot()._scheduledEvents ?? {});
  const wait = scheduled.find(({ source, event }) => source === hub && WAITS.test(event.type));
  return wait ? wait.startedAt + wait.delay : null;
}
