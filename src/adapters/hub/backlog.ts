import { contained } from '../../contained.ts';

/** How long frames are dealt with before everything else has its turn. */
const SLICE_MS = 2;
/** Beyond that the hub has to wait. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** What a frame costs beside its bytes. */
const OVERHEAD_BYTES = 512;

export interface BacklogOptions {
  /** There is too much; `resume` follows, perhaps more than once. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** One item could not be dealt with; the next ones are. */
  readonly onFault: (error: unknown) => void;
}

export interface BacklogItem {
  readonly act: () => void;
  /** What it holds meanwhile. */
  readonly sizeBytes?: number;
  /** The item waits until this has ended, well or badly. */
  readonly after?: Promise<unknown>;
}

/** What came in and was not dealt with yet: one after the other, in the order of arrival. */
export interface Backlog {
  put(item: BacklogItem): void;
}

/**
 * Deals with the first item of each turn of the event loop at once and lets others wait for the next turn, so that a hub
 * that sends thousands keeps nobody from being heard, itself included.
 */
export function createBacklog({ pause, resume, onFault }: BacklogOptions): Backlog {
  let waiting: { act: () => void; isReady: boolean }[] = [];
  let heldBytes = 0;
  let turn: NodeJS.Immediate | undefined;
  const takeReady = (until: (taken: number) => boolean) => {
    let taken = 0;
    for (; waiting[taken]?.isReady && !until(taken); taken += 1) waiting[taken]?.act();
    waiting = waiting.slice(taken);
  };
  const takeSome = () => {
    const endsAtMs = performance.now() + SLICE_MS;
    takeReady(() => performance.now() >= endsAtMs);
    turn = waiting[0]?.isReady ? setImmediate(takeSome) : undefined;
    if (heldBytes < MAX_HELD_BYTES) resume();
  };
  const wake = () => {
    if (turn !== undefined) return;
    turn = setImmediate(takeSome);
    takeReady((taken) => taken > 0);
  };
  return {
    put: ({ act, sizeBytes = 0, after }) => {
      const costBytes = sizeBytes + OVERHEAD_BYTES;
      const release = () => {
        heldBytes -= costBytes;
        act();
      };
      const item = { act: contained(release, onFault), isReady: after === undefined };
      const ready = () => {
        item.isReady = true;
        wake();
      };
      heldBytes += costBytes;
      waiting.push(item);
      if (heldBytes >= MAX_HELD_BYTES) pause();
      if (after === undefined) wake();
      else after.then(ready, ready);
    },
  };
}
