import { join } from 'node:path';

/** The account that the guest's SSH server knows. */
export const GUEST_USER = 'signer';

/** Where things lie in one clone of the local driver. */
export const cloneLayout = (cloneDir: string) => ({
  home: join(cloneDir, 'home'),
  bin: join(cloneDir, 'bin'),
  temporary: join(cloneDir, 'tmp'),
  /** Host key of this clone alone; it goes when the clone goes. */
  hostKey: join(cloneDir, 'guest', 'host_ed25519'),
  authorizedKey: join(cloneDir, 'guest', 'authorized_key.pub'),
  /** Written by the guest once it listens: `Listening` as JSON. */
  listening: join(cloneDir, 'guest', 'listening.json'),
});

export interface Listening {
  readonly pid: number;
  readonly port: number;
}

/** The guest can write this file: only what can be a process of its own and a port passes. */
export function parseListening(text: string): Listening | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, port } = value as Record<string, unknown>;
  return isIntegerWithin(pid, 2, 2 ** 31 - 1) && isIntegerWithin(port, 1, 65_535) ? { pid, port } : undefined;
}

const isIntegerWithin = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
