import type { CodeDirectory } from '../../formats/code-signature/code-directory.ts';
import type { HashKind } from '../../formats/code-signature/hash-kind.ts';
import { readDmgSignature, readMachOSignature } from '../code-signature/index.ts';
import { unsignedCode } from './staple-failures.ts';

/** `CS_HASHTYPE_*`, which is the second part of the name of a ticket. */
const digestTypes = new Map<string, number>([
  ['sha1', 1],
  ['sha256', 2],
  ['sha256-truncated', 3],
  ['sha384', 4],
  ['sha512', 5],
] satisfies [HashKind['name'], number][]);

/**
 * The name of a ticket: `2/<digest type>/<first 20 bytes of the digest>`; nothing for a kind of digest that has none.
 *
 * @param digest - its first 20 bytes: of a CodeDirectory, or of the table of contents of a package
 */
export function recordName(algorithm: string, digest: Buffer): string | undefined {
  const type = digestTypes.get(algorithm);
  return type === undefined ? undefined : `2/${type}/${digest.toString('hex')}`;
}

function recordNameOf({ hash, cdHash }: CodeDirectory): string {
  const name = recordName(hash.name, cdHash);
  if (name === undefined) throw new Error(`tickets know no digest ${hash.name}`);
  return name;
}

/**
 * Under which name the ticket of a signed disk image is looked up.
 *
 * @throws ShipError STAPLE_FAILED (not signed) · as `readDmgSignature`
 */
export async function imageRecordName(imagePath: string): Promise<string> {
  const { signature } = await readDmgSignature(imagePath);
  if (!signature) throw unsignedCode('disk image');
  return recordNameOf(signature.strongest);
}

/**
 * Under which name the ticket of an app is looked up: that of its main executable, of which the first architecture
 * stands for all.
 *
 * @throws ShipError STAPLE_FAILED (not signed) · as `readMachOSignature`
 */
export async function codeRecordName(executablePath: string): Promise<string> {
  const { slices } = await readMachOSignature(executablePath);
  const signature = slices[0]?.signature;
  if (!signature) throw unsignedCode('main executable of the app');
  return recordNameOf(signature.strongest);
}
