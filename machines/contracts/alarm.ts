import type { Sentences } from './wording.ts';

/** What is the case and should not be, as the operator reads it: what, since when and why, what to do. */
export interface AlarmStanding {
  /** Of the catalogue, e.g. `hub-refused`. */
  readonly alarm: string;
  readonly sinceMs: number;
  readonly said: Sentences;
  /** What of it has been told, e.g. which disks are full; see `AlarmFinding`. */
  readonly subjects: readonly string[];
}

/** Told once when an alarm is raised, when it is about something else too (`changed`), and once when it is over. */
export interface AlarmNotice extends AlarmStanding {
  readonly event: 'raised' | 'changed' | 'over' | 'test';
  readonly atMs: number;
  /** The process before this one had told it already. */
  readonly isRepeated: boolean;
}

/** What one look has found out about one alarm. Nothing is found about what cannot be known now. */
export type AlarmFinding =
  | {
      readonly alarm: string;
      readonly holds: true;
      readonly atMs: number;
      readonly said: Sentences;
      /** What it is about, where that may be several things, e.g. disks; never what changes by itself, as a number. */
      readonly subjects: readonly string[];
    }
  | { readonly alarm: string; readonly holds: false; readonly atMs: number };

/** How long something must be the case, or no longer, before it is told. */
export interface AlarmPatience {
  readonly alarm: string;
  readonly raiseAfterMs: number;
  readonly clearAfterMs: number;
}

/** What an alarm tells the alarm-watch. */
export type AlarmReport = { type: 'alarm.told'; notice: AlarmNotice };

export type AlarmChannel = 'command' | 'webhook';

/** What one way to the operator has neither taken yet nor been given up for. */
export interface UndeliveredNotice {
  readonly channel: AlarmChannel;
  readonly notice: AlarmNotice;
}
