import type { HubReport } from '../contracts/hub.ts';

/**
 * What waits to be said to the hub, in order. A conclusion stays until the hub's socket has answered a ping that
 * was sent after it: only then is it known to have arrived. Notes are dropped oldest first when the hub stays away.
 *
 * Of a job that the hub does not count as ours for sure (it is not *claimed*) nothing is said: another worker may
 * have it, and its user would hear two of us. Its notes are held; its conclusion waits until the hub was asked. The hub
 * is always asked before a job is returned: one that it does not count as running here it would count as done.
 */
export interface Outbox {
  readonly nextSeq: number;
  /** Not written to the current link yet. */
  readonly held: readonly OutboxEntry[];
  /** Conclusions written to the current link and not confirmed yet. */
  readonly unconfirmed: readonly OutboxEntry[];
  /** Conclusions that the hub must be asked about before they are said. */
  readonly doubtful: readonly ConclusionEntry[];
  readonly droppedNotes: number;
}

export interface OutboxEntry {
  readonly seq: number;
  readonly report: HubReport;
}

interface ConclusionEntry extends OutboxEntry {
  readonly report: Extract<HubReport, { kind: 'conclusion' }>;
}

/** Jobs that the hub counts as ours on the present link. */
export type Claimed = readonly string[];

export const emptyOutbox: Outbox = { nextSeq: 1, held: [], unconfirmed: [], doubtful: [], droppedNotes: 0 };

const isNote = (entry: OutboxEntry) => entry.report.kind === 'note';
export const isConclusion = (entry: OutboxEntry): entry is ConclusionEntry =>
  entry.report.kind === 'conclusion';
const isReturn = ({ report }: ConclusionEntry) => report.conclusion.outcome === 'returned';
const inOrder = <T extends OutboxEntry>(entries: readonly T[]): T[] =>
  entries.toSorted((a, b) => a.seq - b.seq);

/** Adds one report at the end; beyond `maxNotes` the oldest note goes. */
export function hold(outbox: Outbox, report: HubReport, claimed: Claimed, maxNotes: number): Outbox {
  const entry = { seq: outbox.nextSeq, report };
  const next = { ...outbox, nextSeq: outbox.nextSeq + 1 };
  if (isConclusion(entry) && (!claimed.includes(report.jobId) || isReturn(entry)))
    return { ...next, doubtful: [...outbox.doubtful, entry] };
  const held = [...outbox.held, entry];
  if (held.filter(isNote).length <= maxNotes) return { ...next, held };
  const oldest = held.findIndex(isNote);
  return { ...next, held: held.toSpliced(oldest, 1), droppedNotes: outbox.droppedNotes + 1 };
}

/** Everything that may be said now, in order. */
export const sayable = (outbox: Outbox, claimed: Claimed): readonly OutboxEntry[] =>
  outbox.held.filter((entry) => isConclusion(entry) || claimed.includes(entry.report.jobId));

/** These were written: notes are done with, conclusions wait for their confirmation. */
export function written(outbox: Outbox, entries: readonly OutboxEntry[]): Outbox {
  const seqs = new Set(entries.map((entry) => entry.seq));
  return {
    ...outbox,
    held: outbox.held.filter((entry) => !seqs.has(entry.seq)),
    unconfirmed: [...outbox.unconfirmed, ...entries.filter(isConclusion)],
    droppedNotes: 0,
  };
}

/** The hub has read everything up to `seq`. */
export const confirmed = (outbox: Outbox, seq: number): Outbox => ({
  ...outbox,
  unconfirmed: outbox.unconfirmed.filter((entry) => entry.seq > seq),
});

/** On a new link no conclusion of before is sure to be welcome: its job may have been given to somebody else. */
export const doubted = (outbox: Outbox): Outbox => ({
  ...outbox,
  held: outbox.held.filter(isNote),
  unconfirmed: [],
  doubtful: inOrder([...outbox.doubtful, ...[...outbox.unconfirmed, ...outbox.held].filter(isConclusion)]),
});

/** Assignments that the hub is to be asked about. */
export const assignmentsInDoubt = (outbox: Outbox): string[] =>
  outbox.doubtful.map(({ report }) => report.assignmentId);

/** What the hub answered about assignments in doubt. */
export interface Reopening {
  readonly asked: readonly string[];
  /** Those of them that it still waits for, as far as is known. */
  readonly stillOpen: readonly string[];
  /** Those of which it did not say. */
  readonly unclear: readonly string[];
}

/** What the hub still waits for takes its place again; the rest had arrived, or is nobody's business any more. */
export function reopened(outbox: Outbox, { asked, stillOpen, unclear }: Reopening): Outbox {
  const [wasAsked, isStillOpen, isUnclear] = [new Set(asked), new Set(stillOpen), new Set(unclear)];
  const answered = outbox.doubtful.filter(({ report }) => wasAsked.has(report.assignmentId));
  const open = answered
    .filter(({ report }) => isStillOpen.has(report.assignmentId))
    .map((entry) => (isUnclear.has(entry.report.assignmentId) ? failing(entry) : entry));
  const closed = answered.filter(({ report }) => !isStillOpen.has(report.assignmentId));
  const gone = new Set(closed.map(({ report }) => report.jobId));
  const isOver = (entry: OutboxEntry) => isNote(entry) && gone.has(entry.report.jobId);
  return {
    ...outbox,
    doubtful: outbox.doubtful.filter(({ report }) => !wasAsked.has(report.assignmentId)),
    held: inOrder([...open, ...outbox.held.filter((entry) => !isOver(entry))]),
  };
}

/** A job that cannot be returned: its sender is told why. */
const failing = (entry: ConclusionEntry): ConclusionEntry => {
  const { conclusion } = entry.report;
  return conclusion.outcome === 'returned'
    ? { ...entry, report: { ...entry.report, conclusion: { ...conclusion, outcome: 'failed' } } }
    : entry;
};

/** The jobs whose conclusions were asked about and are waited for. */
export function jobsReopened(outbox: Outbox, { stillOpen }: Reopening): string[] {
  const isStillOpen = new Set(stillOpen);
  return outbox.doubtful.flatMap(({ report }) =>
    isStillOpen.has(report.assignmentId) ? [report.jobId] : [],
  );
}

/** Nothing more is to be said about a job. */
export const withoutNotesOf = (outbox: Outbox, jobId: string): Outbox => ({
  ...outbox,
  held: outbox.held.filter((entry) => !isNote(entry) || entry.report.jobId !== jobId),
});

/** No conclusion waits. Notes that are left belong to jobs of somebody else. */
export const isEmpty = ({ held, unconfirmed, doubtful }: Outbox): boolean =>
  unconfirmed.length === 0 && doubtful.length === 0 && !held.some(isConclusion);
