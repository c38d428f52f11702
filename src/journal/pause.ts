import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether the daemon is paused: a restart does not take that back. */
export interface PauseMark {
  readonly isSet: () => boolean;
  /** @throws Error of node:fs */
  readonly set: (isPaused: boolean) => void;
}

/** An empty file `<stateDir>/paused`, there while the daemon is paused; the folder is there by then. */
export function pauseMarkIn(stateDir: string): PauseMark {
  const path = join(stateDir, 'paused');
  return {
    isSet: () => existsSync(path),
    set: (isPaused) => {
      if (!isPaused) return rmSync(path, { force: true });
      writeFileSync(path, '', { mode: 0o600 });
    },
  };
}
