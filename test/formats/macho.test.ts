import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { hasMachOMagic, isMachO } from '../../src/formats/macho/header.ts';
import { inspectMachO } from '../../src/formats/macho/inspect.ts';
import type { ByteSource } from '../../src/formats/macho/types.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';

/** Refuses to read beyond its end, and counts what was read. */
function sourceOf(bytes: Buffer): ByteSource & { readBytes: number } {
  return {
    sizeBytes: bytes.length,
    readBytes: 0,
    async read(offset, length) {
      if (offset < 0 || offset + length > bytes.length)
        throw new Error(`read beyond the end: ${offset}+${length}`);
      this.readBytes += length;
      return bytes.subarray(offset, offset + length);
    },
  };
}
const inspect = (bytes: Buffer) => inspectMachO(sourceOf(bytes), { name: 'App' });
const javaClass = Buffer.concat([Buffer.from('cafebabe00000034', 'hex'), Buffer.alloc(64, 7)]);

describe('what it reads', () => {
  test('a thin program', async () => {
    expect(await inspect(buildMachO({ platform: 'ios', minimumOs: '17.0.1', encrypted: false }))).toEqual({
      fat: false,
      slices: [
        {
          offset: 0,
          sizeBytes: 0x4010,
          architecture: 'arm64',
          fileType: 'execute',
          builds: [{ platform: 'ios', minimumOs: '17.0.1', sdk: '14.2' }],
          encrypted: false,
          positionIndependent: true,
          dylibs: ['/usr/lib/libSystem.B.dylib'],
        },
      ],
    });
  });

  test('a universal file, and only its headers', async () => {
    const bytes = buildFatMachO([
      buildMachO({ textBytes: 4_000_000 }),
      buildMachO({ architecture: 'x86_64', encrypted: true }),
    ]);
    const source = sourceOf(bytes);
    const facts = await inspectMachO(source, { name: 'App' });
    expect(facts?.slices.map((slice) => [slice.architecture, slice.encrypted])).toEqual([
      ['arm64', false],
      ['x86_64', true],
    ]);
    expect(source.readBytes).toBeLessThan(10_000);
  });

  test.each([
    ['no __LINKEDIT', buildMachO({ linkedit: false }), 'it has no __LINKEDIT segment'],
    [
      'a payload behind',
      Buffer.concat([buildMachO(), Buffer.from('payload')]),
      /^7 bytes follow its __LINKEDIT/,
    ],
    ['padding behind', Buffer.concat([buildMachO(), Buffer.alloc(5000)]), undefined],
    [
      'a full header',
      buildMachO({ dylibs: Array.from({ length: 50 }, (_, i) => `/usr/lib/${'x'.repeat(36)}${i}.dylib`) }),
      'its header has no room for a signature',
    ],
  ])('whether it can be sealed: %s', async (_, bytes, reason) => {
    const found = (await inspect(bytes))?.slices[0]?.unsealableReason;
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(reason);
  });
});

describe('what it refuses', () => {
  test('a Java class is no Mach-O, though its magic number is one', async () => {
    expect(isMachO(javaClass)).toBe(false);
    expect(hasMachOMagic(javaClass)).toBe(true);
    expect(await inspect(javaClass)).toBeUndefined();
    for (const text of ['', '#!/bin/sh\n', 'PK\u0003\u0004'])
      expect(await inspect(Buffer.from(text))).toBeUndefined();
  });

  test('truncated and malformed files, with the cause', async () => {
    const sound = buildMachO();
    const edited = (edit: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(sound);
      edit(bytes);
      return bytes;
    };
    const fat = buildFatMachO([sound]);
    const cases = [
      sound.subarray(0, 100),
      sound.subarray(0, 0x3000),
      sound.subarray(0, 20),
      edited((b) => b.writeUInt32LE(0xffffffff, 16)),
      edited((b) => b.writeUInt32LE(0xffffffff, 20)),
      edited((b) => b.writeUInt32LE(0, 36)),
      edited((b) => b.writeUInt32LE(0xffffffff, 32 + 72 + 64)),
      fat.subarray(0, 0x5000),
      fat.subarray(0, 20),
    ];
    const reasons = await Promise.all(
      cases.map((bytes) => inspect(bytes).catch((error) => `${error.code}: ${error.failure.reason}`)),
    );
    expect(reasons).toMatchInlineSnapshot(`
      [
        "MACHO_INVALID: It starts as a Mach-O file, but its load commands do not fit into the file.",
        "MACHO_INVALID: It starts as a Mach-O file, but its segment "__TEXT" reaches beyond the end of the file.",
        "MACHO_INVALID: It starts as a Mach-O file, but a slice is too short for a header.",
        "MACHO_INVALID: It starts as a Mach-O file, but it announces more load commands than it has.",
        "MACHO_INVALID: It starts as a Mach-O file, but its load commands take 4294967295 bytes.",
        "MACHO_INVALID: It starts as a Mach-O file, but a load command has an impossible size.",
        "MACHO_INVALID: It starts as a Mach-O file, but a segment announces more sections than it has.",
        "MACHO_INVALID: It starts as a Mach-O file, but the part at 16384 overlaps another or leaves the file.",
        "MACHO_INVALID: It starts as a Mach-O file, but its table of slices reaches beyond the end of the file.",
      ]
    `);
  });

  test('no edit of a file does anything but give facts or MACHO_INVALID', async () => {
    const fat = buildFatMachO([buildMachO({ encrypted: false }), buildMachO({ architecture: 'x86_64' })]);
    const edit = fc.tuple(fc.oneof(fc.nat(60), fc.integer({ min: 0x4000, max: 0x4300 })), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 8 }), async (edits) => {
        const bytes = Buffer.from(fat);
        for (const [at, byte] of edits) bytes[at] = byte;
        await inspect(bytes).catch((error) => expect(error.code).toBe('MACHO_INVALID'));
      }),
      { numRuns: 500 },
    );
  });
});

const tool = (name: string): boolean => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.error(`skipped: ${name} is not installed`);
    return false;
  }
};

describe('compilers agree', () => {
  const folder = mkdtempSync(join(tmpdir(), 'macho-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.skipIf(!tool('llvm-objdump'))('llvm-objdump reads what the fixtures are made of', () => {
    const path = join(folder, 'fixture');
    writeFileSync(path, buildMachO({ minimumOs: '12.3', sdk: '15.1' }));
    const text = execFileSync('llvm-objdump', ['-m', '--private-headers', path], { encoding: 'utf8' });
    expect(text).toMatch(/platform macos\s+sdk 15\.1\s+minos 12\.3/);
  });

  test.skipIf(!tool('clang'))('objects of clang, device and simulator', async () => {
    const builds = [
      'arm64-apple-ios17.0',
      'arm64-apple-ios17.0-simulator',
      'x86_64-apple-ios11.0',
      'x86_64-apple-macos10.13',
    ].map(async (target) => {
      const object = execFileSync('clang', ['-target', target, '-x', 'c', '-c', '-', '-o', '-'], {
        input: 'int a(void){return 0;}',
      });
      const slice = (await inspect(object))?.slices[0];
      return [slice?.fileType, slice?.architecture, slice?.builds[0]?.platform, slice?.builds[0]?.minimumOs];
    });
    expect(await Promise.all(builds)).toMatchInlineSnapshot(`
      [
        [
          "object",
          "arm64",
          "ios",
          "17.0",
        ],
        [
          "object",
          "arm64",
          "ios-simulator",
          "17.0",
        ],
        [
          "object",
          "x86_64",
          "ios-simulator",
          "11.0",
        ],
        [
          "object",
          "x86_64",
          "macos",
          "10.13",
        ],
      ]
    `);
  });
});
