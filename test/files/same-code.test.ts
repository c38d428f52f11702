import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShipError } from '../../src/errors.ts';
import { readSlices } from '../../src/files/code-signature/read-signature.ts';
import { codeChange, pairSlices } from '../../src/files/code-signature/same-code.ts';
import { memoryFile } from '../helpers/memory-file.ts';
import { makeMachO, rcodesign } from '../helpers/rcodesign-fixtures.ts';
import { seededNumbers, sign } from '../helpers/signed-bundles.ts';

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-same-code-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a step makes of two files: the first difference, or that they cannot be read. */
async function changeOf(unsigned: Buffer, signed: Buffer): Promise<string | undefined> {
  const files = { unsigned: memoryFile(unsigned), signed: memoryFile(signed) };
  try {
    const pairs = await pairSlices(files.unsigned, files.signed);
    if (typeof pairs === 'string') return pairs;
    for (const pair of pairs) {
      const change = await codeChange(files, pair, signal);
      if (change !== undefined) return change;
    }
    return undefined;
  } catch (error) {
    if (error instanceof ShipError) return error.code;
    throw error;
  }
}

const kinds = {
  'a program': [],
  'a program for Intel': ['--architecture', 'x86-64'],
  'a library': ['--file-type', 'dylib'],
} as const;

interface Pair {
  readonly unsigned: Buffer;
  readonly signed: Buffer;
}

async function signedPair(name: string, make: (path: string) => Promise<unknown>): Promise<Pair> {
  const path = join(folder, name);
  await make(path);
  const unsigned = await readFile(path);
  await sign('ad hoc', path);
  return { unsigned, signed: await readFile(path) };
}

const thin = (name: string, options: readonly string[] = []): Promise<Pair> =>
  signedPair(name, (path) => makeMachO(path, ...options));

async function universal(name: string): Promise<Pair> {
  const parts = [join(folder, `${name}.arm`), join(folder, `${name}.intel`)] as const;
  await makeMachO(parts[0]);
  await makeMachO(parts[1], '--architecture', 'x86-64');
  return signedPair(name, (path) => rcodesign('macho-universal-create', '-o', path, ...parts));
}

describe('only the signature was added', () => {
  test.each(Object.entries(kinds))('to %s', async (name, options) => {
    const { unsigned, signed } = await thin(name, options);
    expect(signed.equals(unsigned)).toBe(false);
    expect(await changeOf(unsigned, signed)).toBeUndefined();
  });

  test('to a universal program, whose architectures move', async () => {
    const { unsigned, signed } = await universal('fat');
    expect(await changeOf(unsigned, signed)).toBeUndefined();
  });

  test('or replaced, by a longer or a shorter one', async () => {
    const { signed } = await thin('twice');
    const path = join(folder, 'again');
    await writeFile(path, signed);
    await sign('ad hoc', path, '--digest', 'sha512');
    const again = await readFile(path);
    expect(await changeOf(signed, again)).toBeUndefined();
    expect(await changeOf(again, signed)).toBeUndefined();
  });

  test('to a universal program with one architecture, which becomes a thin one', async () => {
    const one = join(folder, 'one');
    await makeMachO(one);
    const { unsigned, signed } = await signedPair('fat-of-one', async (path) => {
      const body = await readFile(one);
      const head = Buffer.alloc(0x4000);
      const entry = [0xcafebabe, 1, body.readUInt32LE(4), body.readUInt32LE(8), 0x4000, body.length, 14];
      for (const [index, value] of entry.entries()) head.writeUInt32BE(value, index * 4);
      await writeFile(path, Buffer.concat([head, body]));
    });
    expect(unsigned.readUInt32BE(0)).toBe(0xcafebabe);
    expect(signed.readUInt32BE(0)).not.toBe(0xcafebabe);
    expect(await changeOf(unsigned, signed)).toBeUndefined();
  });
});

describe('a change', () => {
  test('of a byte outside of the signature is found', async () => {
    const { unsigned, signed } = await thin('every byte');
    const [slice] = await readSlices(memoryFile(signed));
    const end = slice?.layout.signature?.offset ?? 0;
    expect(end).toBeGreaterThan(0);
    const missed: number[] = [];
    // the header and the load commands byte by byte, code here and there
    for (let at = 0; at < end; at += at < 1024 || at > end - 64 ? 1 : 13) {
      const copy = Buffer.from(signed);
      copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
      if ((await changeOf(unsigned, copy)) === undefined) missed.push(at);
    }
    expect(missed).toEqual([]);
  });

  test('of a byte in an architecture of a universal program is found', async () => {
    const { unsigned, signed } = await universal('some bytes');
    const random = seededNumbers(7);
    const missed: number[] = [];
    for (const { offset, layout } of await readSlices(memoryFile(signed)))
      for (let count = 0; count < 300; count += 1) {
        const at = offset + random(layout.signature?.offset ?? 0);
        const copy = Buffer.from(signed);
        copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
        if ((await changeOf(unsigned, copy)) === undefined) missed.push(at);
      }
    expect(missed).toEqual([]);
  });

  test('of the shape of a file is found', async () => {
    const [fat, arm] = [await universal('shape'), await thin('shape-arm')];
    const shapes: Record<string, readonly [Buffer, Buffer]> = {
      'an architecture less': [fat.unsigned, arm.signed],
      'an architecture more': [arm.unsigned, fat.signed],
      'another file': [arm.unsigned, (await thin('shape-other', ['--file-type', 'dylib'])).signed],
      'no signature': [arm.unsigned, arm.unsigned],
      'no program': [arm.unsigned, Buffer.from('#!/bin/sh\necho a program of another kind\n')],
      'nothing at all': [arm.unsigned, Buffer.alloc(0)],
      'the end is cut off': [arm.unsigned, arm.signed.subarray(0, arm.signed.length - 1)],
    };
    for (const [name, [unsigned, signed]] of Object.entries(shapes))
      expect(await changeOf(unsigned, signed), name).toBeTypeOf('string');
  });

  test('of a thin file into a universal one is found', async () => {
    const arm = await thin('wrapped-arm');
    const wrapped = (magic: number, entry: number[]): Buffer => {
      const head = Buffer.alloc(0x4000);
      for (const [index, value] of [magic, 1, ...entry].entries()) head.writeUInt32BE(value, index * 4);
      return Buffer.concat([head, arm.signed]);
    };
    const [type, subtype] = [arm.signed.readUInt32LE(4), arm.signed.readUInt32LE(8)];
    const narrow = wrapped(0xcafebabe, [type, subtype, 0x4000, arm.signed.length, 14]);
    const wide = wrapped(0xcafebabf, [type, subtype, 0, 0x4000, 0, arm.signed.length, 14, 0]);
    expect(await changeOf(arm.unsigned, narrow)).toBe('It was thin and is universal.');
    expect(await changeOf(arm.unsigned, wide)).toBe('It was thin and is universal.');
  });

  test('around the architectures is found, zeros too', async () => {
    const [fat, arm] = [await universal('around'), await thin('around-arm')];
    const changed = (change: (copy: Buffer) => void): Buffer => {
      const copy = Buffer.from(fat.signed);
      change(copy);
      return copy;
    };
    const aligned = (exponent: number) => changed((copy) => copy.writeUInt32BE(exponent, 8 + 16));
    const wide = changed((copy) => {
      const entries = [0, 1].map((index) => Buffer.from(copy.subarray(8 + index * 20, 28 + index * 20)));
      copy.writeUInt32BE(0xcafebabf, 0);
      for (const [index, entry] of entries.entries()) {
        const at = 8 + index * 32;
        copy.fill(0, at, at + 32);
        entry.copy(copy, at, 0, 8);
        entry.copy(copy, at + 12, 8, 12);
        entry.copy(copy, at + 20, 12, 16);
        entry.copy(copy, at + 24, 16, 20);
      }
    });
    const zeros = Buffer.alloc(4096);
    expect(await changeOf(fat.unsigned, Buffer.concat([fat.signed, zeros]))).toMatch(/goes on behind/);
    expect(await changeOf(arm.unsigned, Buffer.concat([arm.signed, zeros]))).toMatch(/goes on behind/);
    expect(await changeOf(fat.unsigned, aligned(0))).toMatch(/not aligned/);
    expect(await changeOf(fat.unsigned, wide)).toMatch(/another kind/);
  });

  test('that makes the code longer is found, however well it is signed', async () => {
    const { unsigned } = await thin('longer');
    const path = join(folder, 'longer-by-a-page');
    const longer = Buffer.concat([unsigned, Buffer.alloc(4096, 0x90)]);
    // __LINKEDIT is the last segment: its size in the file and in memory
    const at = longer.indexOf('__LINKEDIT\0') + 8;
    longer.writeBigUInt64LE(longer.readBigUInt64LE(at + 40) + 4096n, at + 40);
    longer.writeBigUInt64LE(longer.readBigUInt64LE(at + 24) + 4096n, at + 24);
    await writeFile(path, longer);
    await sign('ad hoc', path);
    expect(await changeOf(unsigned, await readFile(path))).toMatch(/longer|header/);
  });
});
