import { readTrustRoots } from '../files/disk/trust-roots.ts';

/** The roots that PERRY_TRUST_ROOTS names, for a question to the process that reads files. @throws ShipError CONFIG_INVALID */
export async function trustRootsBase64(): Promise<string[]> {
  const roots = await readTrustRoots(process.env.PERRY_TRUST_ROOTS || undefined);
  return roots.map((root) => root.toString('base64'));
}
