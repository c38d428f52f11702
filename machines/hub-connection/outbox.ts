import type { HubReport } from '../contracts/hub.ts';

/**
 * What waits to be said to the hub, in order. A conclusion stays until the hub's socket has answered a ping that
 * was sent after it: only then is it known to have arrived. Notes are dropped oldest first when the hub stays away.
 */
export interface Outbox {
  readonly nextSeq: number;
  /** Not written to the current link yet. */
  readonly held: readonly Letter[];
  /** Conclusions written to a link and not confirmed yet, or left over from an earlier link. */
  readonly unconfirmed: readonly Letter[];
  readonly droppedNotes: number;
}

export interface Letter {
  readonly seq: number;
  readonly report: HubReport;
}

export const emptyOutbox: Outbox = { nextSeq: 1, held: [], unconfirmed: [], droppedNotes: 0 };

const isNote = (letter: Letter) => letter.report.kind === 'note';
export const isConclusion = (letter: Letter) => letter.report.kind === 'conclusion';

/** Adds one report at the end; beyond `maxNotes` the oldest note goes. */
export function hold(outbox: Outbox, report: HubReport, maxNotes: number): Outbox {
  const held = [...outbox.held, { seq: outbox.nextSeq, report }];
  const next = { ...outbox, nextSeq: outbox.nextSeq + 1, held };
  if (held.filter(isNote).length <= maxNotes) return next;
  const oldest = held.findIndex(isNote);
  return { ...next, held: held.toSpliced(oldest, 1), droppedNotes: outbox.droppedNotes + 1 };
}

/** Everything held was written: notes are done with, conclusions wait for their confirmation. */
export function written(outbox: Outbox, letters: readonly Letter[]): Outbox {
  const seqs = new Set(letters.map((letter) => letter.seq));
  return {
    ...outbox,
    held: outbox.held.filter((letter) => !seqs.has(letter.seq)),
    unconfirmed: [...outbox.unconfirmed, ...letters.filter(isConclusion)],
    droppedNotes: 0,
  };
}

/** The hub has read everything up to `seq`. */
export const confirmed = (outbox: Outbox, seq: number): Outbox => ({
  ...outbox,
  unconfirmed: outbox.unconfirmed.filter((letter) => letter.seq > seq),
});

const inOrder = (letters: readonly Letter[]): Letter[] => letters.toSorted((a, b) => a.seq - b.seq);

/** On a new link no conclusion of before is sure to be welcome: its job may have been given to somebody else. */
export const doubted = (outbox: Outbox): Outbox => ({
  ...outbox,
  held: outbox.held.filter(isNote),
  unconfirmed: inOrder([...outbox.unconfirmed, ...outbox.held.filter(isConclusion)]),
});

/** The hub was asked: what it still waits for takes its place again, the rest had arrived or is nobody's business. */
export function reopened(outbox: Outbox, stillOpen: ReadonlySet<string>): Outbox {
  const lost = outbox.unconfirmed.filter(
    ({ report }) => report.kind === 'conclusion' && stillOpen.has(report.assignmentId),
  );
  return { ...outbox, unconfirmed: [], held: inOrder([...lost, ...outbox.held]) };
}

export const isEmpty = (outbox: Outbox): boolean =>
  outbox.held.length === 0 && outbox.unconfirmed.length === 0;
