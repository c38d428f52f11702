import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Stands for /var/db/dhcpd_leases: one file a hardware address; a lease outlives its machine. */
export const leaseOf = (home, macAddress) =>
  readFile(join(home.leases, macAddress), 'utf8').catch(() => undefined);

export async function lease(home, macAddress) {
  const address = addressOf(macAddress);
  await writeFile(join(home.leases, macAddress), address);
  return address;
}

/** All of 127.0.0.0/8 is loopback on Linux: each machine listens on an address of its own. */
function addressOf(macAddress) {
  const [a, b, c] = macAddress
    .split(':')
    .slice(-3)
    .map((byte) => Number.parseInt(byte, 16));
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
