import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ShipError } from '../../src/errors.ts';
import { policeLinks } from '../../src/files/archive/link-policy.ts';
import { surveyBundle } from '../../src/files/bundle/index.ts';
import { ReadingBudget } from '../../src/files/bundle/reading-budget.ts';
import { inspectMachO } from '../../src/formats/macho/index.ts';
import { makeIosApp, nestedFlat } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';
import { arrayOf, sharedPlist } from '../helpers/shared-plist.ts';

const { signal } = new AbortController();
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-budgets-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const inParts = (count: number, file: (index: number) => Record<string, Buffer>) =>
  Object.assign({}, ...Array.from({ length: count }, (_, index) => file(index))) as Record<string, Buffer>;

async function faultsOf(name: string, files: Record<string, Buffer>): Promise<string[]> {
  const appPath = await makeIosApp(dir, { name, files });
  const { faults, facts } = await surveyBundle(appPath, { target: 'ios-sign', signal });
  expect(facts).toBeUndefined();
  return faults.map(({ code, failure }) => `${code}: ${failure.reason}`);
}

describe('what one bundle may hold is counted for all its files together', () => {
  test('bytes of Info.plists', async () => {
    const large = Buffer.concat([
      Buffer.from('<plist><dict/>'),
      Buffer.alloc(4_000_000, ' '),
      Buffer.from('</plist>'),
    ]);
    const files = inParts(9, (index) => ({ [`r${index}/Info.plist`]: large }));
    expect(await faultsOf('Bytes', files)).toEqual([
      'BUNDLE_TOO_LARGE: Its property lists, profiles, entitlements and names of libraries have more than 33554432 bytes.',
    ]);
  });

  test('values of Info.plists, of which each is small', async () => {
    const levels = [1, 2, 3, 4, 5].map((level) => arrayOf(Array<number>(11).fill(level)));
    const wide = sharedPlist([...levels, arrayOf([])]);
    expect(wide.length).toBeLessThan(500);
    const files = inParts(20, (index) => ({ [`r${index}.bundle/Info.plist`]: wide }));
    expect((await faultsOf('Values', files)).at(-1)).toBe(
      'BUNDLE_TOO_LARGE: Its property lists hold more than 500000 values together.',
    );
  });

  test('bytes of provisioning profiles', async () => {
    const profile = Buffer.alloc(1024 * 1024);
    const files = inParts(40, (index) => ({
      ...nestedFlat(`PlugIns/W${index}.appex`, { bundleId: `com.example.hello.w${index}`, name: 'W' }),
      [`PlugIns/W${index}.appex/embedded.mobileprovision`]: profile,
    }));
    expect(await faultsOf('Profiles', files)).toEqual([
      'BUNDLE_TOO_LARGE: Its property lists, profiles, entitlements and names of libraries have more than 33554432 bytes.',
    ]);
  });

  test('architectures of all Mach-O files', () => {
    const budget = new ReadingBudget();
    for (let file = 0; file < 1_666; file += 1) budget.spendSlices(30);
    expect(() => budget.spendSlices(30)).toThrowError(
      expect.objectContaining({ code: 'BUNDLE_TOO_LARGE' }) as ShipError,
    );
  });
});

test('slices of a universal file that share their bytes are refused', async () => {
  const code = buildMachO();
  const table = Buffer.alloc(4096);
  table.writeUInt32BE(0xcafebabe, 0);
  table.writeUInt32BE(16, 4);
  for (let slice = 0; slice < 16; slice += 1)
    for (const [index, field] of [0x0100000c, 0, 4096, code.length, 12].entries())
      table.writeUInt32BE(field, 8 + slice * 20 + index * 4);
  const bytes = Buffer.concat([table, code]);
  let reads = 0;
  const source = {
    sizeBytes: bytes.length,
    read: async (offset: number, length: number) => {
      reads += 1;
      return bytes.subarray(offset, offset + length);
    },
  };
  await expect(inspectMachO(source, { name: 'libX.dylib' })).rejects.toMatchObject({
    code: 'MACHO_INVALID',
    failure: {
      reason: 'It starts as a Mach-O file, but the part at 4096 overlaps another or leaves the file.',
    },
  });
  expect(reads).toBe(2);
});

describe('links of an archive', () => {
  const refusal = async (links: Parameters<typeof policeLinks>[0]) => {
    try {
      await policeLinks(links);
    } catch (error) {
      return (error as ShipError).failure.reason.replace(/.*\. (?=\w)/, '');
    }
    return 'accepted';
  };
  const ENTANGLED = 'The links of the archive are too entangled: following them takes too many steps.';

  test('chains that lead through one another', async () => {
    const detour = 'a/../'.repeat(150);
    const links = Array.from({ length: 200 }, (_, index) => ({
      path: `X.app/l${index}`,
      target: index % 30 === 0 ? 'file' : `${detour}l${index - 1}`,
    }));
    expect(await refusal(links)).toBe(ENTANGLED);
  });

  test('deep places, where each step looks up a long path', async () => {
    const deep = `X.app/${'d'.repeat(200)}/${'e'.repeat(200)}/${'f'.repeat(200)}`;
    const links = Array.from({ length: 1_000 }, (_, index) => ({
      path: `${deep}/l${index}`,
      target: './'.repeat(400),
    }));
    expect(await refusal(links)).toBe(ENTANGLED);
  });

  test('as many as the largest apps have', async () => {
    const links = Array.from({ length: 20_000 }, (_, index) => ({
      path: `X.app/Contents/Frameworks/Library${index}.framework/Current`,
      target: 'Versions/Current/Library',
    }));
    expect(await refusal(links)).toBe('accepted');
  });

  test('are judged in turns, so that whatever else waits is not held up by 100,000 of them', async () => {
    const links = Array.from({ length: 100_000 }, (_, index) => ({ path: `X.app/l${index}`, target: 'f' }));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    await policeLinks(links);
    clearImmediate(turn);
    expect(turns).toBeGreaterThanOrEqual(100);
  });
});
