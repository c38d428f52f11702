import type { ChartActor, EventLine, LogLine, Standing } from '../../live/messages.ts';
import type { RunStatus } from '../../observability/status.ts';

/** How the page stands with the daemon. */
export type Link =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  /** What is shown is as old as `sinceMs`. */
  | {
      readonly phase: 'lost';
      readonly sinceMs: number;
      readonly nextTryAtMs: number;
      /** The daemon is there, and has as many viewers as it may have. */
      readonly isFull: boolean;
    };

/** A job that is here. The same object as long as nothing of it has changed. */
export interface RunView extends RunStatus {
  /** When it came, by the clock of the browser; null when that is not known. */
  readonly sinceMs: number | null;
}

/** An event, with a number of its own. */
export interface EventView extends EventLine {
  readonly key: number;
}

/** The log of a run that goes on, since it is looked at; oldest first. */
export interface LogView {
  readonly runId: string;
  readonly lines: readonly LogLine[];
}

/** Everything that the page knows. It is never changed, but put in the place of the one before. */
export interface PageState {
  readonly link: Link;
  /** What makes the machines; empty before the first greeting. */
  readonly machines: string;
  readonly standing: Standing | null;
  /** When `standing` was true, by the clock of the browser. */
  readonly standingAtMs: number;
  readonly runs: readonly RunView[];
  readonly actors: ReadonlyMap<string, ChartActor>;
  /** What has been added to the log that is looked at. */
  readonly log: LogView | null;
  /** Newest first. */
  readonly events: readonly EventView[];
  /** The key of the newest event that a greeting told: those up to it are no news. */
  readonly greetedKey: number;
  readonly eventsLeftOut: number;
  /** The clock of the browser, less that of the daemon, in milliseconds. */
  readonly clockAheadMs: number;
}

/** Events that have come as news, after the one of that key; oldest first. */
export const newsSince = (
  { events, greetedKey }: Pick<PageState, 'events' | 'greetedKey'>,
  key: number,
): EventView[] => events.filter((event) => event.key > Math.max(key, greetedKey)).reverse();

/** Not known before the first greeting: then it is taken to be so. */
export const keepsHistory = ({ standing }: PageState): boolean => standing?.today !== null;

export const nothingKnown: PageState = {
  link: { phase: 'connecting' },
  machines: '',
  standing: null,
  standingAtMs: 0,
  runs: [],
  actors: new Map(),
  events: [],
  log: null,
  greetedKey: 0,
  eventsLeftOut: 0,
  clockAheadMs: 0,
};
