import { closeSync, constants, fsyncSync, lstatSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A pipe in its place is an error, and no wait for somebody who reads it. */
const MARK = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;

/** Whether the daemon is paused: a restart does not take that back. */
export interface PauseMark {
  /** @throws Error of node:fs: one that cannot be seen may be there */
  isSet(): boolean;
  /** For the next process; never throws. */
  set(isPaused: boolean): void;
  /** Why the next process would not know what was set last, in words; null when it would. */
  readonly problem: string | null;
}

/** An empty file `<stateDir>/paused`, there while the daemon is paused; the folder is there by then. */
export function pauseMarkIn(stateDir: string): PauseMark {
  const path = join(stateDir, 'paused');
  let problem: string | null = null;
  return {
    isSet: () => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
    set: (isPaused) => {
      try {
        if (isPaused) closeSync(openSync(path, MARK, 0o600));
        else rmSync(path, { force: true });
        keepNamesOf(dirname(path));
        problem = null;
      } catch (error) {
        problem = `the system said ${(error as NodeJS.ErrnoException).code} of "${path}"`;
      }
    },
    get problem() {
      return problem;
    },
  };
}

/** Over a loss of power. */
function keepNamesOf(folder: string): void {
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
