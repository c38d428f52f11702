import { clone, remove, rename, set } from './commands-files.mjs';
import { fqn, get, list, prune, pull } from './commands-images.mjs';
import { exec, ip, stop, suspend } from './commands-running.mjs';
import { run } from './run.mjs';

/** Each: the words it takes (see arguments.mjs), and what it does. */
export const commands = { clone, set, run, ip, exec, stop, suspend, delete: remove, rename, list, get, pull, fqn, prune };
