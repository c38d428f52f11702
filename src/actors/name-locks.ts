/** Calls for the same name wait for each other; calls for different names do not. */
export interface NameLocks {
  /** Runs `call` when everything before it under this name has settled; gives up waiting when aborted. */
  run<T>(name: string, signal: AbortSignal, call: () => Promise<T>): Promise<T>;
  /** Makes later calls under this name wait for `work` too. */
  hold(name: string, work: Promise<unknown>): void;
}

export function createNameLocks(): NameLocks {
  const tails = new Map<string, Promise<void>>();
  const hold = (name: string, work: Promise<unknown>): void => {
    const settled = Promise.allSettled([tails.get(name), work]).then(() => {});
    tails.set(name, settled);
    void settled.then(() => tails.get(name) === settled && tails.delete(name));
  };
  return {
    hold,
    run: (name, signal, call) => {
      const before = tails.get(name) ?? Promise.resolve();
      const work = before.then(() => {
        signal.throwIfAborted();
        return call();
      });
      hold(name, work);
      return work;
    },
  };
}
