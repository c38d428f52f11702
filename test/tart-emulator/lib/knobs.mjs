import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What the emulator can be told, in TART_HOME/emulator.json; everything may be left out. Times are milliseconds.
 *
 * `faults` names a command and what goes wrong with it; the keys are those of `applyFault`.
 */
const defaults = {
  version: '2.32.1',
  times: {
    clone: 60,
    /** Between two lines of a pull. */
    pullStep: 10,
    /** `run`: until the lock is held, and `list` says running. */
    lock: 40,
    /** From the lock: until the limit of machines is felt. */
    limit: 100,
    /** From the lock: until the guest has an address, answers to SSH, and its agent answers. */
    address: 60,
    ssh: 90,
    agent: 90,
    /** From SIGINT to the end of `run`. */
    stop: 10,
    /** How long `exec` tries to reach an agent. */
    agentWait: 1_000,
  },
  /** `leak`: a slot whose owner was killed is never given back; `releaseMs`: not at once. */
  slots: { max: 2, releaseMs: 0, leak: false },
  run: {
    ignoresSigint: false,
    /** SIGINT is swallowed so long after the start. */
    deafMs: 0,
    /** `{ afterMs, how }`, see lib/run-endings.mjs. */
    end: undefined,
    /** Bytes of noise on stderr once it runs. */
    floodBytes: 0,
  },
  ip: {
    /** The first answers, before the real one; `''` is none. */
    first: [],
    /** The same for all machines. */
    shared: undefined,
    never: false,
    leaseFileErrors: 0,
  },
  guest: {
    /** works · refused · silent · resets · authRefused · execHangs · execFails */
    ssh: 'works',
    /** `resets`: so long after SSH came up, each connection is reset. */
    resetMs: 200,
    /** All connections are cut so long after SSH came up. */
    cutMs: undefined,
    agent: true,
    /** It is told to shut down, and goes on. */
    ignoresShutDown: false,
  },
  faults: {},
};

export async function readKnobs(home) {
  const text = await readFile(join(home.root, 'emulator.json'), 'utf8').catch(() => '{}');
  const given = JSON.parse(text);
  const merged = Object.entries(defaults).map(([name, value]) => [
    name,
    typeof value === 'object' ? { ...value, ...given[name] } : (given[name] ?? value),
  ]);
  return Object.fromEntries(merged);
}
