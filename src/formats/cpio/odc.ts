/** One item of an archive in the old portable form of POSIX.1, which Apple's packages use: owned by root. */
export interface OdcItem {
  /** As it is stored, e.g. `./My.app/Contents`. */
  readonly path: string;
  /** Type and permissions as in `st_mode`. */
  readonly mode: number;
  readonly links: number;
  readonly modifiedSeconds: number;
  /** Of the content that follows: bytes of a file, or of the target of a link. */
  readonly sizeBytes: number;
  readonly inode: number;
}

const MAGIC = '070707';
const TRAILER = 'TRAILER!!!';
const BLOCK_BYTES = 512;
/** What six digits hold. */
const FIELD = 0o777777;
/** What eleven digits hold: 8 GiB. */
const MAX_ODC_FILE_BYTES = 0o77777777777;

/** What stands before the content of an item; nothing is padded. @throws RangeError for more than 8 GiB */
export function odcHeader({ path, mode, links, modifiedSeconds, sizeBytes, inode }: OdcItem): Buffer {
  const name = Buffer.from(`${path}\0`);
  if (sizeBytes > MAX_ODC_FILE_BYTES) throw new RangeError('a cpio archive holds files of up to 8 GiB');
  // device, inode, mode, user, group, links, device of a node
  const numbers = [0, inode & FIELD, mode, 0, 0, Math.min(links, FIELD), 0].map((value) => octal(value, 6));
  const head = [MAGIC, ...numbers, octal(modifiedSeconds, 11), octal(name.length, 6), octal(sizeBytes, 11)];
  return Buffer.concat([Buffer.from(head.join('')), name]);
}

/** What stands behind the last item, up to a whole block. */
export function odcTrailer(inode: number, writtenBytes: number): Buffer {
  const trailer = odcHeader({ path: TRAILER, mode: 0, links: 1, modifiedSeconds: 0, sizeBytes: 0, inode });
  const rest = (writtenBytes + trailer.length) % BLOCK_BYTES;
  return Buffer.concat([trailer, Buffer.alloc(rest === 0 ? 0 : BLOCK_BYTES - rest)]);
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
