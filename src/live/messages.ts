import type { DaemonStatus } from '../observability/status.ts';

/** What a WebSocket of `/live` says; the page has these types from here. Times are milliseconds since 1970. */
export type LiveMessage = Greeting | News | LogNews;

/** The first message: everything that is known. */
export interface Greeting extends News {
  readonly type: 'greeting';
  /** What makes the machines, e.g. `qemu (emulated)`. */
  readonly machines: string;
}

/** What has changed since the message before. */
export interface News {
  readonly type: 'greeting' | 'news';
  /** Counts the messages of all viewers. Where one is missing, this viewer did not keep up: it asks for a greeting. */
  readonly number: number;
  /** By the clock of the daemon. */
  readonly atMs: number;
  readonly standing?: Standing;
  readonly begun?: readonly ChartActor[];
  readonly moved?: readonly Moved[];
  /** Ids of actors that are no more. */
  readonly ended?: readonly string[];
  /** In the order in which they came. */
  readonly events?: readonly EventLine[];
  /** Events that came too fast to be told. */
  readonly eventsLeftOut?: number;
}

/** What was added to the log of the job that this viewer looks at. */
export interface LogNews {
  readonly type: 'log';
  readonly runId: string;
  /** Oldest first; where numbers are missing, lines came too fast to be told. */
  readonly lines: readonly LogLine[];
}

/** As the history has it. */
export interface LogLine {
  /** In the log of its run, from 1 on. */
  readonly number: number;
  readonly atMs: number;
  readonly level: number;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What a viewer may say: that it is to be told everything; of which run it wants the log, or of none. */
export type Wish = 'greet' | 'look' | `look ${string}`;

/** How things stand; more of it may come. */
export interface Standing {
  readonly status: DaemonStatus;
  /** Null when no history is kept. */
  readonly today: DayCounts | null;
  /** Where machines and jobs lie; null while that is not known. */
  readonly disk: DiskStanding | null;
}

/** Of several disks, the worst one. */
export interface DiskStanding {
  readonly freeBytes: number;
  /** `full`: every job must fail; `low`: the operator is warned. */
  readonly level: 'enough' | 'low' | 'full';
}

/** Jobs by result, as in the history. */
export type DayCounts = Readonly<Record<string, number>>;

/** An actor that has a statechart. */
export interface ChartActor {
  /** Unique in the life of the daemon, e.g. `x:17`. */
  readonly id: string;
  /** Its id within its parent, e.g. `run.0`, `hub`, `vm`. */
  readonly name: string;
  readonly parent: string | null;
  /** Id of its machine, e.g. `signJob`: the page knows all statecharts. */
  readonly chart: string;
  readonly jobId: string | null;
  readonly runId: string | null;
  /** The virtual machine that it looks after, or null. */
  readonly vm: string | null;
  /** Where it stands and where it stood, oldest first; the last one is where it stands. */
  readonly steps: readonly Step[];
}

export interface Moved {
  readonly id: string;
  /** Oldest first; those before them may have been left out. */
  readonly steps: readonly Step[];
}

export interface Step {
  readonly atMs: number;
  /** As XState has it: `'idle'`, or `{ running: 'signing' }`. */
  readonly value: unknown;
  /** The type of the event that led there. */
  readonly event: string;
}

/** An event that an actor with a statechart has got. */
export interface EventLine {
  readonly atMs: number;
  /** Id of the actor, and of its statechart: the actor may be no more by now. */
  readonly to: string;
  readonly chart: string;
  readonly jobId: string | null;
  readonly type: string;
  /** What of it may be seen. */
  readonly facts: Readonly<Record<string, unknown>>;
}
