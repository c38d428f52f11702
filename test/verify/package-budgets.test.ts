import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { wrapTable } from '../helpers/packages.ts';

const { signal } = new AbortController();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-package-budgets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function refusalOf(toc: string, heap: readonly Buffer[] = []): Promise<string> {
  const path = join(folder, 'x.pkg');
  await writeFile(path, wrapTable(`<xar><toc>${toc}</toc></xar>`, 'sha256', heap));
  try {
    await checkPackage(path, { signal });
  } catch (error) {
    const { code, failure } = error as { code: string; failure: { reason: string } };
    return `${code}: ${failure.reason}`;
  }
  return 'accepted';
}

const file = (name: string, inside = ''): string => `<file><name>${name}</name>${inside}</file>`;
const dataOf = (stored: Buffer, offset: number, unpackedBytes: number): string =>
  `<data><archived-checksum style="sha256">${createHash('sha256').update(stored).digest('hex')}</archived-checksum>
    <encoding style="application/x-gzip"/><offset>${offset}</offset><size>${unpackedBytes}</size>
    <length>${stored.length}</length></data>`;

describe('a table of contents of some kilobytes', () => {
  test('with very many elements', async () => {
    expect(await refusalOf('<a/>'.repeat(120_000))).toBe(
      'PACKAGE_CORRUPT: Its table of contents cannot be read: it has more than 100000 elements and attributes.',
    );
  });

  test('with very many attributes', async () => {
    const attributes = Array.from({ length: 120_000 }, (_, index) => ` a${index}=""`).join('');
    expect(await refusalOf(`<a${attributes}/>`)).toBe(
      'PACKAGE_CORRUPT: Its table of contents cannot be read: it has more than 100000 elements and attributes.',
    );
  });

  test('whose files all repeat the long name of their folder', async () => {
    const inside = file('a').repeat(1_000);
    expect(await refusalOf(file('n'.repeat(4_000_000), inside))).toBe(
      'PACKAGE_CORRUPT: Its table of contents cannot be read: a path in it has more than 1024 characters.',
    );
  });

  test('that unpacks to more than it may', async () => {
    expect(await refusalOf(' '.repeat(9 * 1024 * 1024))).toBe(
      'PACKAGE_CORRUPT: Its table of contents is too large, or leaves the file.',
    );
  });

  test('with very many signatures', async () => {
    const signature = '<signature style="RSA"><offset>0</offset><size>10</size></signature>';
    expect(await refusalOf(signature.repeat(5))).toBe(
      'PACKAGE_CORRUPT: Its table of contents cannot be read: it has 5 signatures, more than 4.',
    );
  });
});

describe('files of a package', () => {
  test('that share one place are read once', async () => {
    const stored = deflateSync(Buffer.alloc(100_000));
    const toc = Array.from({ length: 500 }, (_, index) => file(`f${index}`, dataOf(stored, 32, 100_000)));
    expect(await refusalOf(toc.join(''), [stored])).toBe('accepted');
  });

  test('that lie over one another are refused', async () => {
    const heap = Buffer.alloc(10_000, 'x');
    const toc = Array.from({ length: 200 }, (_, index) =>
      file(`f${index}`, dataOf(heap.subarray(index), 32 + index, 1)),
    );
    expect(await refusalOf(toc.join(''), [heap])).toBe('PACKAGE_CORRUPT: Its files lie over one another.');
  });

  test('that describe what is in it, in megabytes together', async () => {
    const stored = deflateSync(Buffer.alloc(1_000_000, ' '));
    const toc = Array.from({ length: 20 }, (_, index) =>
      file(`p${index}`, file('PackageInfo', dataOf(stored, 32, 1_000_000))),
    );
    expect(await refusalOf(toc.join(''), [stored])).toBe(
      'PACKAGE_CORRUPT: Its 20 descriptions of what is in it have 20000000 bytes.',
    );
  });
});
