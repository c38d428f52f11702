import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

const collectOnce = runInNewContext('gc') as () => void;

/**
 * So that what is measured after it is what is held, not what has not been looked at yet. The memory of buffers is
 * given back in the background after a collection; the second one waits for that of the first.
 */
export async function collectGarbage(): Promise<void> {
  collectOnce();
  await setImmediate();
  collectOnce();
}
