import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRecordName, staplePackage } from '../../src/files/stapling/index.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { makePackage, wrapTable } from '../helpers/packages.ts';

const { signal } = new AbortController();
const ticket = (fill: number) => Buffer.concat([Buffer.from('s8ch'), Buffer.alloc(100, fill)]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-staple-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(bytes: Buffer): Promise<string> {
  const path = join(folder, 'some.pkg');
  await writeFile(path, bytes);
  return path;
}

test('a ticket stands behind the package, between two trailers, and a second one takes its place', async () => {
  const bytes = makePackage([{ name: 'Payload', content: Buffer.from('x') }]);
  const path = await written(bytes);
  await staplePackage(path, ticket(1));
  await staplePackage(path, ticket(2));
  const stapled = await readFile(path);
  expect(stapled.subarray(0, bytes.length).equals(bytes)).toBe(true);
  const [terminator, trailer] = [
    '74386c72 0100 0100 00000000 00000000',
    '74386c72 0100 0200 68000000 00000000',
  ].map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const end = Buffer.concat([terminator as Buffer, ticket(2), trailer as Buffer]);
  expect(stapled.subarray(bytes.length).equals(end)).toBe(true);
  expect(await checkPackage(path, { signal })).toMatchObject({ hasStapledTicket: true });
});

test('a package without a signature has no name that a ticket could be looked up by', async () => {
  const path = await written(makePackage([{ name: 'Payload', content: Buffer.from('x') }]));
  await expect(packageRecordName(path)).rejects.toMatchObject({ code: 'STAPLE_FAILED' });
});

const signature =
  '<signature style="RSA"><offset>20</offset><size>0</size><KeyInfo><X509Data/></KeyInfo></signature>';

test.each([
  ['sha1', '1'],
  ['sha256', '2'],
] as const)('a package that is sealed by %s is looked up as 2/%s/…', async (algorithm, type) => {
  const size = algorithm === 'sha1' ? 20 : 32;
  const checksum = `<checksum style="${algorithm}"><offset>0</offset><size>${size}</size></checksum>`;
  const path = await written(wrapTable(`<xar><toc>${checksum}${signature}</toc></xar>`, algorithm));
  const { tableDigest = '' } = await checkPackage(path, { signal });
  expect(await packageRecordName(path)).toBe(`2/${type}/${tableDigest.slice(0, 40)}`);
});
