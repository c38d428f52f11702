import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import type { AnyActorRef, InspectionEvent } from 'xstate';
import { STATELY_ORIGINS } from '../web/access.ts';
import { createFeed, type Feed } from '../web/feed.ts';
import { sanitisedEvent } from './inspect-events.ts';
import { familyOf, type Guard, guardWith } from './observer.ts';
import { createRelayMemory, type RelayMemory } from './relay-memory.ts';
import type { RedactText } from './sanitise.ts';

export interface InspectRelayOptions {
  readonly root: AnyActorRef;
  /** What people wrote for people passes it; the statecharts hold no secret in the first place. */
  readonly redact: RedactText;
  /** Something could not be shown; told at most once for each kind. */
  readonly onFault: (error: unknown) => void;
}

export interface InspectRelay {
  /** At `/`, for the web server. */
  readonly feed: Feed;
  stop(): void;
}

/** The serialiser works in a later turn of the event loop: a burst must not pile up in front of it. */
const MAX_PENDING = 1_000;
const MAX_HELD = 2_000;

/**
 * Shows the live actor system to any viewer of the Stately inspector, in its wire format (tried with
 * `@statelyai/inspect` 0.7.2). Viewers may come and go, and come late; while there is none, nothing is looked at, because
 * to write every event in that format costs more than all else that watches.
 */
export function createInspectRelay({ root, redact, onFault }: InspectRelayOptions): InspectRelay {
  const guarded = guardWith(onFault);
  let watch: Watch | undefined;
  const stop = () => {
    watch?.stop();
    watch = undefined;
  };
  const feed: Feed = createFeed({
    path: '/',
    origins: STATELY_ORIGINS,
    joined: (viewer) => {
      watch?.memory.texts().forEach(viewer.send);
      watch ??= startWatch(root, feed, redact, guarded);
    },
    left: () => {
      if (feed.viewers === 0) stop();
    },
  });
  return { feed, stop };
}

interface Watch {
  readonly memory: RelayMemory;
  stop(): void;
}

/** From here on everybody who watches is told: first who lives, then what happens. */
function startWatch(root: AnyActorRef, feed: Feed, redact: RedactText, guarded: Guard): Watch {
  const memory = createRelayMemory();
  const queue = createQueue(
    (event) => {
      const text = JSON.stringify(event);
      memory.keep(event, text);
      feed.broadcast(text);
    },
    redact,
    guarded,
  );
  const next = (inspected: InspectionEvent) => guarded(() => queue.put(inspected));
  for (const actor of familyOf(root))
    next({ type: '@xstate.actor', actorRef: actor, rootId: root.sessionId });
  const subscription = root.system.inspect({ next });
  return { memory, stop: () => subscription.unsubscribe() };
}

/**
 * Hands events to the inspector's serialiser, a bounded number at a time. Beyond that, events are left out, and of
 * snapshots and registrations the last one of each actor waits until the serialiser has caught up.
 */
function createQueue(send: (event: StatelyInspectionEvent) => void, redact: RedactText, guarded: Guard) {
  const held = new Map<string, InspectionEvent>();
  let pending = 0;
  const inspector = createInspector({
    send: (event) => {
      pending -= 1;
      guarded(() => send(event));
      if (pending === 0) guarded(catchUp);
    },
  });
  const pass = (event: InspectionEvent) => {
    pending += 1;
    inspector.inspect.next?.(event);
  };
  const catchUp = () => {
    const waiting = [...held.values()];
    held.clear();
    for (const event of waiting) pass(event);
  };
  const hold = (event: InspectionEvent) => {
    if (event.type === '@xstate.event') return;
    const key = `${event.type} ${(event.actorRef as AnyActorRef).sessionId}`;
    // in the order in which they were last heard of
    held.delete(key);
    if (held.size < MAX_HELD) held.set(key, event);
  };
  const put = (inspected: InspectionEvent) => {
    const event = sanitisedEvent(inspected, redact);
    // while anything waits, everything does: an actor's end must not overtake its beginning
    if (event) (pending < MAX_PENDING && held.size === 0 ? pass : hold)(event);
  };
  return { put };
}
