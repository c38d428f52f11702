import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import type { VmDriver, VmExit } from '../../src/adapters/vm/driver.ts';

export interface InstantDriver extends VmDriver {
  /** Clones that exist. */
  readonly clones: ReadonlySet<string>;
  /** As many machines as were alive at the same time. */
  readonly mostAlive: number;
}

/** Machines that are nothing but a name: whatever is asked of them is done at once. */
export function instantDriver(): InstantDriver {
  const clones = new Set<string>();
  const running = new Map<string, (exit: VmExit) => void>();
  let mostAlive = 0;
  const stop = (name: string): void => {
    running.get(name)?.({ expected: true, reason: 'it was asked to' });
    running.delete(name);
  };
  return {
    kind: 'local',
    isolates: true,
    reach: async () => ({ network: 'none' }),
    clones,
    get mostAlive() {
      return mostAlive;
    },
    clone: async (_image, name) => void clones.add(name),
    run: (name, { signal, onStarted }) => {
      const life = new Promise<VmExit>((end) => running.set(name, end));
      signal.addEventListener('abort', () => stop(name), { once: true });
      mostAlive = Math.max(mostAlive, running.size);
      onStarted();
      return life;
    },
    locate: async () => ({ host: '127.0.0.1', port: 22, user: 'nobody', hostKeyFingerprint: '' }),
    openGuest: async () => emptyGuest(),
    stop: async (name) => stop(name),
    delete: async (name) => {
      stop(name);
      clones.delete(name);
    },
    list: async () => [...clones],
  };
}

function emptyGuest(): GuestSession {
  let end: (reason: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  return {
    exec: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    listen: async () => ({ port: 1, close: () => {} }),
    closed,
    close: async () => end('it was closed'),
  };
}
