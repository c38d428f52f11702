import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { withSignedFile } from '../code-signature/signed-file.ts';
import { digestOfTable, readXar } from '../xar/archive.ts';
import { enclosedTicket, endOfTicket } from '../xar/ticket.ts';
import { recordName } from './record-name.ts';
import { cannotStaple, unsignedCode } from './staple-failures.ts';

/** What the name of a ticket has of a digest. */
const NAME_BYTES = 20;

/**
 * Under which name the ticket of a signed installer package is looked up: the checksum of its table of contents, which
 * is what its signatures are over.
 *
 * @throws ShipError STAPLE_FAILED (not signed) · PACKAGE_CORRUPT · SIGNED_FILE_UNREADABLE
 */
export const packageRecordName = (packagePath: string): Promise<string> =>
  withSignedFile(packagePath, async (file) => {
    const archive = await readXar(file);
    const digest = digestOfTable(archive);
    const { checksum, signatures } = archive.table;
    if (signatures.length === 0 || !checksum || !digest) throw unsignedCode('installer package');
    const name = recordName(checksum.algorithm, digest.subarray(0, NAME_BYTES));
    if (name === undefined)
      throw cannotStaple(`Apple has no tickets for a package sealed by ${checksum.algorithm}.`);
    return name;
  });

/**
 * Staples an installer package in place: the ticket stands behind everything else, and what is before it is not touched.
 *
 * @throws ShipError STAPLE_FAILED · SIGNED_FILE_UNREADABLE
 */
export async function staplePackage(packagePath: string, ticket: Buffer): Promise<void> {
  const end = await withSignedFile(packagePath, async (file) => (await endOfTicket(file)) ?? file.sizeBytes);
  const file = await open(packagePath, constants.O_RDWR | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw cannotStaple('The installer package could not be opened for writing.', cause);
  });
  try {
    const bytes = enclosedTicket(ticket);
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
    await file.truncate(end + bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}
