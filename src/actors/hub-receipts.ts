import type { OutboxEntry } from '../../machines/hub-connection/outbox.ts';

export interface ReceiptHooks {
  readonly ping: (payload: string) => void;
  /** The hub has read the results of these assignments, and everything that was said before the entry `seq`. */
  readonly onRead: (assignmentIds: readonly string[], seq: number) => void;
}

/**
 * What the hub is known to have read. The pong to a ping that was sent after a result proves that the hub's socket has
 * read it: the only receipt that the protocol has.
 *
 * One ping is under way at a time, however many results are said: a hub may end a link on which too many pings wait for
 * their pong, or answer only the newest. Each pong stands for everything that was said before its ping.
 */
export interface Receipts {
  /** These results were written to the link. */
  said(results: readonly OutboxEntry[]): void;
  /** A ping that only keeps the link alive. */
  beat(): void;
  heard(pong: string): void;
}

export function createReceipts({ ping, onRead }: ReceiptHooks): Receipts {
  /** In the order in which they were said, counted from 1. */
  let unread: OutboxEntry[] = [];
  let [saidCount, askedCount, readCount] = [0, 0, 0];
  const ask = () => {
    askedCount = saidCount;
    ping(String(saidCount));
  };
  return {
    said: (results) => {
      unread = unread.concat(results);
      saidCount += results.length;
      if (askedCount === readCount && results.length > 0) ask();
    },
    beat: ask,
    heard: (pong) => {
      const count = /^\d{1,15}$/.test(pong) ? Math.min(Number(pong), saidCount) : 0;
      const read = unread.slice(0, Math.max(0, count - readCount));
      const last = read.at(-1);
      if (!last) return;
      unread = unread.slice(read.length);
      readCount = count;
      onRead(read.flatMap(assignmentOf), last.seq);
      if (saidCount > askedCount) ask();
    },
  };
}

/** The assignment that a result is about. */
export const assignmentOf = ({ report }: OutboxEntry): string[] =>
  report.kind === 'conclusion' ? [report.assignmentId] : [];
