export interface CpioEntry {
  /** Relative, without a leading dot. */
  readonly path: string;
  /** Type and permissions as in `st_mode`, e.g. 0o100644 of a file, 0o40755 of a folder. */
  readonly mode: number;
  /** Empty for a folder. */
  readonly bytes: Uint8Array;
}

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/**
 * An archive in the form that the kernel unpacks at its start: everything owned by root, at the time 0, in the order given, so
 * that equal entries make equal bytes.
 *
 * @see https://www.kernel.org/doc/html/v6.1/driver-api/early-userspace/buffer-format.html
 */
export function writeNewc(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => record(entry, index + 1));
  return Buffer.concat([...parts, ...record({ path: TRAILER, mode: 0, bytes: new Uint8Array() }, 0)]);
}

function record({ path, mode, bytes }: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = mode === 0 ? 0 : 1;
  // inode, mode, uid, gid, links, time, size, device, device of a node, length of the name, checksum
  const fields = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(MAGIC + fields.map((value) => value.toString(16).padStart(8, '0')).join(''));
  return [header, name, padding(header.length + name.length), bytes, padding(bytes.length)];
}

const padding = (length: number): Uint8Array =>
  new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
