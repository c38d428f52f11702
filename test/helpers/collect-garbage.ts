import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** So that what is measured after it is what is held, not what has not been looked at yet. */
export const collectGarbage = runInNewContext('gc') as () => void;
