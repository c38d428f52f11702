import { clone, remove, rename, set } from './commands-files.mjs';
import { fqn, get, list, prune, pull } from './commands-images.mjs';
import { exec, ip, stop, suspend } from './commands-running.mjs';

/** Loaded when it is wanted: an SSH server takes its time. */
const run = {
  names: [1, 1],
  flags: ['--no-graphics', '--no-audio', '--no-clipboard', '--suspendable', '--net-softnet', '--net-host'],
  options: [
    ...['--dir', '--root-disk-opts', '--serial-path', '--net-bridged'],
    ...['--net-softnet-allow', '--net-softnet-block', '--net-softnet-expose'],
  ],
  validate: async (scope) => (await import('./run.mjs')).validate(scope),
  execute: async (scope) => (await import('./run.mjs')).run(scope),
};

/** Each: the words it takes (see arguments.mjs), and what it does. */
export const commands = {
  clone,
  set,
  run,
  ip,
  exec,
  stop,
  suspend,
  delete: remove,
  rename,
  list,
  get,
  pull,
  fqn,
  prune,
};
