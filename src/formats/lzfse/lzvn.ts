import { demand, LzfseFault } from './fault.ts';
import { Output } from './output.ts';

const END_OF_STREAM = 0x06;
const END_OF_STREAM_BYTES = 8;

/** One instruction: literal bytes that follow it, then a match. */
interface Instruction {
  /** Of the instruction itself, without its literals. */
  sizeBytes: number;
  literals: number;
  match: number;
  /** Absent: that of the match before. */
  distance: number | undefined;
}

/**
 * Decodes a stream of LZVN, as Apple's lzfse (https://github.com/lzfse/lzfse) describes and writes it.
 *
 * @param maxBytes - the most that it may decode to
 * @throws LzfseFault
 */
export function decodeLzvn(bytes: Uint8Array, maxBytes: number): Buffer {
  const output = new Output(maxBytes);
  decodeLzvnInto(bytes, output);
  return output.bytes.subarray(0, output.length);
}

/** Matches may reach into what the output has already. */
export function decodeLzvnInto(bytes: Uint8Array, output: Output): void {
  const instruction: Instruction = { sizeBytes: 0, literals: 0, match: 0, distance: undefined };
  let distance = 0;
  for (let at = 0; ; ) {
    if (bytes[at] === END_OF_STREAM) {
      demand(
        at + END_OF_STREAM_BYTES === bytes.length,
        () => `It ends at ${at}, before its ${bytes.length} bytes.`,
      );
      return;
    }
    readInstruction(bytes, at, instruction);
    const { sizeBytes, literals, match } = instruction;
    at += sizeBytes;
    demand(at + literals < bytes.length, () => `It has no end in its ${bytes.length} bytes.`);
    output.literals(bytes, at, literals);
    at += literals;
    distance = instruction.distance ?? distance;
    if (match > 0) output.match(distance, match);
  }
}

/** Reads past the end as zeros; the caller checks where the instruction ends. */
function readInstruction(bytes: Uint8Array, at: number, into: Instruction): void {
  const [code = 0, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  const high = code >> 4;
  if (high === 0xe) return literalsOnly(code, second, into);
  if (high === 0xf) return matchOnly(code, second, into);
  if (code === 0x0e || code === 0x16) return set(into, 1, 0, 0, undefined);
  // 101LLMMM DDDDDDMM DDDDDDDD
  if (high === 0xa || high === 0xb) {
    const match = (((code & 7) << 2) | (second & 3)) + 3;
    return set(into, 3, (code >> 3) & 3, match, (second >> 2) | (third << 6));
  }
  if (high === 0x7 || high === 0xd) throw undefinedCode(code, at);
  shortForms(bytes, at, into);
}

/** LLMMMDDD, where DDD is 7 for a distance of 16 bits, and 6 for that of the match before. */
function shortForms(bytes: Uint8Array, at: number, into: Instruction): void {
  const [code = 0, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  const [literals, match, low] = [code >> 6, ((code >> 3) & 7) + 3, code & 7];
  if (low === 7) return set(into, 3, literals, match, second | (third << 8));
  if (low !== 6) return set(into, 2, literals, match, (low << 8) | second);
  if (code < 0x40) throw undefinedCode(code, at);
  set(into, 1, literals, match, undefined);
}

function literalsOnly(code: number, second: number, into: Instruction): void {
  if ((code & 15) === 0) set(into, 2, second + 16, 0, undefined);
  else set(into, 1, code & 15, 0, undefined);
}

function matchOnly(code: number, second: number, into: Instruction): void {
  if ((code & 15) === 0) set(into, 2, 0, second + 16, undefined);
  else set(into, 1, 0, code & 15, undefined);
}

/** Fills one object again and again: a stream has an instruction for every few bytes. */
function set(
  into: Instruction,
  sizeBytes: number,
  literals: number,
  match: number,
  distance: number | undefined,
): void {
  into.sizeBytes = sizeBytes;
  into.literals = literals;
  into.match = match;
  into.distance = distance;
}

const undefinedCode = (code: number, at: number): LzfseFault =>
  new LzfseFault(`The instruction ${code.toString(16)} at ${at} is not defined.`);
