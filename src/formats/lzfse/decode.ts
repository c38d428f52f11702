import { type BlockHeader, readPackedHeader, readPlainHeader } from './block-header.ts';
import { decodeBlock } from './compressed-block.ts';
import { demand, LzfseFault } from './fault.ts';
import { decodeLzvnInto } from './lzvn.ts';
import { Output } from './output.ts';

/** An encoder begins a new block after some ten thousand bytes; each costs as much as to decode a thousand. */
const LEAST_BLOCK_BYTES = 1024;
const FREE_BLOCKS = 4;

/**
 * Decodes a stream of LZFSE: blocks that are stored, coded as LZVN, or compressed with two kinds of headers, as
 * Apple's lzfse (https://github.com/lzfse/lzfse) describes and writes them.
 *
 * @param maxBytes - the most that it may decode to; that much memory is taken
 * @throws LzfseFault for anything that does not follow the format, also for bytes after its end
 */
export function decodeLzfse(bytes: Buffer, maxBytes: number): Buffer {
  const output = new Output(maxBytes);
  let blocksLeft = FREE_BLOCKS + maxBytes / LEAST_BLOCK_BYTES;
  for (let at = 0; ; blocksLeft--) {
    demand(blocksLeft > 0, () => `It has too many blocks for ${maxBytes} bytes.`);
    demand(at + 4 <= bytes.length, () => `It has no end in its ${bytes.length} bytes.`);
    const kind = bytes.toString('latin1', at, at + 4);
    if (kind === 'bvx$') {
      demand(at + 4 === bytes.length, () => `It ends at ${at + 4}, before its ${bytes.length} bytes.`);
      return output.bytes.subarray(0, output.length);
    }
    at += decodeOne(kind, bytes.subarray(at), output);
  }
}

/** @returns how many bytes the block has */
function decodeOne(kind: string, bytes: Buffer, output: Output): number {
  if (kind === 'bvx-') return stored(bytes, output);
  if (kind === 'bvxn') return lzvn(bytes, output);
  if (kind === 'bvx2') return compressed(bytes, readPackedHeader(bytes), output);
  if (kind === 'bvx1') return compressed(bytes, readPlainHeader(bytes), output);
  throw new LzfseFault(`A block of the kind ${JSON.stringify(kind)} is not known.`);
}

function compressed(bytes: Buffer, header: BlockHeader, output: Output): number {
  const end = header.headerBytes + header.literalBytes + header.matchBytes;
  demand(end <= bytes.length, () => `A block of ${end} bytes ends after ${bytes.length}.`);
  decodeBlock(bytes, header, output);
  return end;
}

function stored(bytes: Buffer, output: Output): number {
  const length = numberAt(bytes, 4);
  demand(
    8 + length <= bytes.length,
    () => `A stored block of ${length} bytes ends after ${bytes.length - 8}.`,
  );
  output.literals(bytes, 8, length);
  return 8 + length;
}

function lzvn(bytes: Buffer, output: Output): number {
  const [rawBytes, payloadBytes] = [numberAt(bytes, 4), numberAt(bytes, 8)];
  const end = 12 + payloadBytes;
  demand(end <= bytes.length, () => `A block of ${end} bytes ends after ${bytes.length}.`);
  const before = output.length;
  decodeLzvnInto(bytes.subarray(12, end), output);
  const written = output.length - before;
  demand(written === rawBytes, () => `A block of ${rawBytes} bytes decodes to ${written}.`);
  return end;
}

function numberAt(bytes: Buffer, at: number): number {
  demand(at + 4 <= bytes.length, 'A block ends in its header.');
  return bytes.readUInt32LE(at);
}
