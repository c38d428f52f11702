import type { StatelyInspectionEvent } from '@statelyai/inspect';

/** More actors than a daemon ever has at a time; beyond, the oldest are forgotten. */
const MAX_ACTORS = 2_000;
const MAX_RECENT = 200;
/** Longer than any of our statecharts; what is longer is not kept. */
const MAX_MESSAGE_CHARACTERS = 512 * 1024;

/** What a viewer that comes late is told: who lives, where each stands, and the last events. */
export interface RelayMemory {
  keep(event: StatelyInspectionEvent, text: string): void;
  texts(): readonly string[];
}

export function createRelayMemory(): RelayMemory {
  const actors = new Map<string, string>();
  const last = new Map<string, string>();
  const recent: string[] = [];
  const forget = (sessionId: string | undefined) => {
    if (sessionId === undefined) return;
    actors.delete(sessionId);
    last.delete(sessionId);
  };
  const keepEvent = (event: Extract<StatelyInspectionEvent, { type: '@xstate.event' }>, text: string) => {
    // an actor that dies of an exception has no last snapshot: its parent hears of it
    if (event.event.type.startsWith('xstate.error.actor.')) forget(event.sourceId);
    recent.push(text);
    if (recent.length > MAX_RECENT) recent.shift();
  };
  return {
    keep: (event, text) => {
      if (text.length > MAX_MESSAGE_CHARACTERS) return;
      if (event.type === '@xstate.event') return keepEvent(event, text);
      if (event.type === '@xstate.snapshot' && event.snapshot.status !== 'active')
        return forget(event.sessionId);
      const kept = event.type === '@xstate.actor' ? actors : last;
      kept.set(event.sessionId, text);
      if (kept.size > MAX_ACTORS) forget(kept.keys().next().value);
    },
    texts: () => [...actors.values(), ...last.values(), ...recent],
  };
}
