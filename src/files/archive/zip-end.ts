import type { ZipFileReader } from './zip-file.ts';

const END_RECORD = Buffer.from('PK\x05\x06', 'latin1');
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const READ_BYTES = 256 * 1024;

/**
 * Where a zip ends when zeros may lie behind it, as a program leaves them that fills its last block: behind the end
 * record and its comment. The size of the file when that is the end, or when there is no such record.
 */
export async function endOfZip(reader: ZipFileReader, sizeBytes: number): Promise<number> {
  const dataEnd = await endWithoutZeros(reader, sizeBytes);
  // the record itself may end with zeros
  const end = Math.min(sizeBytes, dataEnd + END_RECORD_BYTES);
  const start = Math.max(0, dataEnd - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  const tail = await reader.bytes(start, end - start);
  const at = tail.lastIndexOf(END_RECORD);
  if (at < 0 || at + END_RECORD_BYTES > tail.length) return sizeBytes;
  const recordEnd = start + at + END_RECORD_BYTES + tail.readUInt16LE(at + END_RECORD_BYTES - 2);
  return recordEnd >= dataEnd && recordEnd <= sizeBytes ? recordEnd : sizeBytes;
}

async function endWithoutZeros(reader: ZipFileReader, sizeBytes: number): Promise<number> {
  for (let end = sizeBytes; end > 0; ) {
    const start = Math.max(0, end - READ_BYTES);
    const bytes = await reader.bytes(start, end - start);
    const last = bytes.findLastIndex((byte) => byte !== 0);
    if (last >= 0) return start + last + 1;
    end = start;
  }
  return 0;
}
