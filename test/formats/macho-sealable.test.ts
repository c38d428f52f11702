import { describe, expect, test } from 'vitest';
import { inspectMachO, withPresentSignatures } from '../../src/formats/macho/index.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';

/** What rcodesign cannot sign, or signs into something else, is told before a machine is used. */
const sourceOf = (bytes: Buffer) => ({
  sizeBytes: bytes.length,
  read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
});
const verdict = async (bytes: Buffer): Promise<string> => {
  const source = sourceOf(bytes);
  try {
    const facts = await inspectMachO(source, { name: 'x' });
    const [slice] = facts ? (await withPresentSignatures(source, facts)).slices : [];
    return slice?.unsealableReason ?? slice?.signatureFault ?? 'can be signed';
  } catch (error) {
    return (error as { failure: { reason: string } }).failure.reason;
  }
};
const edited = (bytes: Buffer, edit: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  edit(copy);
  return copy;
};

const library = buildMachO({ fileType: 'dylib' });
const [TEXT, LINKEDIT, SYMTAB, BUILD, ID] = [32, 184, 256, 280, 304];

describe('a library', () => {
  test.each<[what: string, edit: (copy: Buffer) => void, said: RegExp]>([
    ['as it is', () => {}, /^can be signed$/],
    ['without __TEXT', (b) => b.write('__TIXT', TEXT + 8), /no __TEXT/],
    ['with __TEXT elsewhere', (b) => b.writeUInt32LE(16, TEXT + 40), /does not begin where/],
    ['with a short __TEXT', (b) => b.writeUInt32LE(15, TEXT + 48), /ends before its load commands/],
    ['with endless memory', (b) => b.writeUInt32LE(0x80000000, LINKEDIT + 36), /more memory/],
    ['with names before symbols', (b) => b.writeUInt32LE(7, SYMTAB + 16), /lie before them/],
    ['with symbols beyond its end', (b) => b.writeUInt32LE(0xffffff, SYMTAB + 8), /table of symbols/],
    ['with a short command', (b) => b.writeUInt32LE(16, SYMTAB + 4), /type 2 has 16 bytes, not 24/],
    ['with a segment whose name is no text', (b) => b.writeUInt8(0xff, TEXT + 9), /segment or section is no/],
    ['with a name outside', (b) => b.writeUInt32LE(0x801d, ID + 8), /lies outside of its command/],
    ['with a name that is no text', (b) => b.writeUInt8(0xff, ID + 24), /a name .* is no text/],
  ])('%s', async (_, edit, said) => {
    expect(library.readUInt32LE(BUILD)).toBe(0x32);
    expect(await verdict(edited(library, edit))).toMatch(said);
  });
});

describe('a universal file', () => {
  const fat = buildFatMachO([library, buildMachO({ fileType: 'dylib', architecture: 'x86_64' })]);
  const second = fat.readUInt32BE(28 + 8);
  test.each<[what: string, edit: (copy: Buffer) => void, said: RegExp]>([
    ['as it is', () => {}, /^can be signed$/],
    ['that says less of the capabilities', (b) => b.writeUInt32LE(0x80000003, second + 8), /^can be signed$/],
    ['that names another processor', (b) => b.writeUInt32BE(7, 8), /for another processor than said/],
    ['with odd alignment', (b) => b.writeUInt32BE(0xf837, 8 + 16), /not aligned/],
    [
      'with one architecture twice',
      (b) => {
        b.copyWithin(28, 8, 16);
        b.copyWithin(second + 4, fat.readUInt32BE(8 + 8) + 4, fat.readUInt32BE(8 + 8) + 12);
      },
      /one architecture twice/,
    ],
  ])('%s', async (_, edit, said) => {
    expect(await verdict(edited(fat, edit))).toMatch(said);
  });
});

describe('a signature that is there already', () => {
  const SIGNATURE_BYTES = 64;
  /** With LC_CODE_SIGNATURE behind the last command, for the end of __LINKEDIT. */
  const carrying = (signature: Buffer, place: { offset?: number; sizeBytes?: number } = {}): Buffer => {
    const bytes = Buffer.concat([library, signature]);
    const [count, length] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
    const { offset = library.length, sizeBytes = signature.length } = place;
    for (const [index, word] of [0x1d, 16, offset, sizeBytes].entries())
      bytes.writeUInt32LE(word, 32 + length + index * 4);
    bytes.writeUInt32LE(count + 1, 16);
    bytes.writeUInt32LE(length + 16, 20);
    bytes.writeUInt32LE(16 + signature.length, LINKEDIT + 48);
    return bytes;
  };

  test.each<[what: string, bytes: Buffer, said: RegExp]>([
    ['damaged', carrying(Buffer.alloc(SIGNATURE_BYTES, 0xaa)), /damaged: It starts with 0xaaaaaaaa/],
    ['empty', carrying(Buffer.alloc(SIGNATURE_BYTES)), /^can be signed$/],
    [
      'empty, with less room than any takes',
      carrying(Buffer.alloc(8)),
      /room for it of 8 bytes, and nothing/,
    ],
    ['of no bytes', carrying(Buffer.alloc(SIGNATURE_BYTES), { sizeBytes: 0 }), /does not lie in __LINKEDIT/],
    ['in the code', carrying(Buffer.alloc(SIGNATURE_BYTES, 1), { offset: 0x1000 }), /not lie in __LINKEDIT/],
    [
      'in front of other bytes',
      carrying(Buffer.alloc(SIGNATURE_BYTES, 1), { sizeBytes: 16 }),
      /48 bytes follow/,
    ],
  ])('%s', async (_, bytes, said) => {
    expect(await verdict(bytes)).toMatch(said);
  });
});
