import { closeSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openDraftSync } from '../files/disk/draft.ts';

const MAX_LINES = 10_000;

export interface LineFile {
  /** With the system when it returns. */
  append(changes: readonly object[]): void;
  /** Survives a loss of power as well when it resolves. */
  onDisk(): Promise<void>;
  close(): void;
}

/**
 * A file to which a line is added for each change; where that cannot go on, it is begun anew with how things stand. It stays
 * open, because to open it costs more than to write a line.
 *
 * @param summary - what stands for all changes until now, the newest included
 * @param maxLines - more lines than these, most of them about what is over, are written anew
 */
export function openLineFile(path: string, summary: () => readonly object[], maxLines = MAX_LINES): LineFile {
  let file: number | undefined;
  let [count, countAtBegin] = [0, 0];
  const close = (): void => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const begin = (): void => {
    const entries = summary();
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = openDraftSync(`${path}.draft`);
    try {
      writeFileSync(draft, entries.map(lineOf).join(''));
      renameSync(`${path}.draft`, path);
    } catch (error) {
      closeSync(draft);
      throw error;
    }
    [file, count, countAtBegin] = [draft, entries.length, entries.length];
  };
  return {
    append: (changes) => {
      const isFull = count >= maxLines && count >= 2 * countAtBegin;
      const current = file;
      if (current === undefined || isFull) {
        close();
        return begin();
      }
      try {
        writeFileSync(current, changes.map(lineOf).join(''));
        count += changes.length;
      } catch (error) {
        close();
        throw error;
      }
    },
    onDisk: coalesced(async () => {
      const synced = await open(path, 'r+');
      await synced.datasync().finally(() => synced.close());
    }),
    close,
  };
}

const lineOf = (change: object): string => `${JSON.stringify(change)}\n`;

/** Runs one at a time; a call that comes meanwhile waits for the next run, which may be that of others as well. */
function coalesced(write: () => Promise<void>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const writing = write();
      running = writing.catch(() => {});
      return writing;
    });
    return next;
  };
}
