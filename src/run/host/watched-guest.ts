import { TRY_AGAIN_OR_LOOK } from '../../../machines/contracts/wording.ts';
import type { GuestAccess, GuestSession } from '../../adapters/guest/guest.ts';
import { ShipError } from '../../errors.ts';

/** The connection into a guest that this process has opened, or that the process of a run has in its place. */
export interface WatchedGuest {
  /** One harmless command. @throws as `GuestSession.exec`, when it is not handed over */
  probe(signal: AbortSignal): Promise<void>;
  /** The way in for the process of a run; `undefined` when it was handed over already, or cannot be. */
  access(): GuestAccess | undefined;
  /** Whether the other connection is the one that counts. */
  isHandedOver(): boolean;
  /** From now on the guest is there for as long as the other connection, of whose end `lost` tells; ours is closed. */
  handOver(lost: Promise<string>): void;
  /** Resolves, never rejects, when the connection has ended, with the reason in plain words. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
}

export function watchedGuest(session: GuestSession): WatchedGuest {
  let end: (reason: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  let isHandedOver = false;
  void session.closed.then((reason) => {
    if (!isHandedOver) end(reason);
  });
  return {
    closed,
    probe: async (signal) => void (await session.exec('true', { signal })),
    isHandedOver: () => isHandedOver,
    access: () => (isHandedOver ? undefined : session.access?.()),
    handOver: (lost) => {
      isHandedOver = true;
      void lost.then(end);
      void session.close().catch(() => {});
    },
    close: () => session.close(),
  };
}

/** The open connection into a machine. @throws ShipError GUEST_LOST */
export function guestOf(guests: ReadonlyMap<string, WatchedGuest>, vmName: string): WatchedGuest {
  const guest = guests.get(vmName);
  if (guest) return guest;
  throw wayBroken();
}

export const wayBroken = (): ShipError =>
  new ShipError('GUEST_LOST', {
    summary: 'The connection to the virtual machine was lost.',
    reason: 'There is no open connection to it any more.',
    nextStep: TRY_AGAIN_OR_LOOK,
  });

/** By name of the machine. */
export class WatchedGuests extends Map<string, WatchedGuest> {
  readonly #awaited = new Map<string, (() => void)[]>();

  override set(vmName: string, guest: WatchedGuest): this {
    super.set(vmName, guest);
    for (const tell of this.#awaited.get(vmName) ?? []) tell();
    this.#awaited.delete(vmName);
    return this;
  }

  /** Calls back once when there is a connection into this machine; returns how to stop waiting for that. */
  onceThere(vmName: string, tell: () => void): () => void {
    if (this.has(vmName)) tell();
    else this.#awaited.set(vmName, [...(this.#awaited.get(vmName) ?? []), tell]);
    return () => {
      const left = (this.#awaited.get(vmName) ?? []).filter((other) => other !== tell);
      if (left.length > 0) this.#awaited.set(vmName, left);
      else this.#awaited.delete(vmName);
    };
  }
}
