import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { isInstalled } from '../helpers/dmg-tree.ts';
import { makePackage, wrapTable } from '../helpers/packages.ts';
import { makeIdentity, rcodesign } from '../helpers/rcodesign-fixtures.ts';
import { seededNumbers } from '../helpers/signed-bundles.ts';

const { signal } = new AbortController();
const distribution = Buffer.from(
  '<?xml version="1.0"?><installer-gui-script minSpecVersion="1"><title>Tide &amp; Clock</title>' +
    '<product id="com.example.tide" version="1.2"/></installer-gui-script>',
);
let folder: string;
let signed: Buffer;
let path: string;

const verify = async (bytes: Buffer) => {
  await writeFile(path, bytes);
  return verifyArtifact(path, { signal });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-package-'));
  path = join(folder, 'Tide.pkg');
  const files = [
    { name: 'Distribution', content: distribution },
    { name: 'Payload', content: Buffer.alloc(50_000, 'payload ') },
  ];
  await writeFile(path, makePackage(files));
  await rcodesign('sign', '--pem-file', await makeIdentity(folder), '--timestamp-url', 'none', path);
  signed = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an installer package', () => {
  test('that rcodesign signed has no findings', async () => {
    expect(await verify(signed)).toMatchObject({
      ok: true,
      kind: 'pkg',
      findings: [],
      stapledTicket: false,
      package: {
        title: 'Tide & Clock',
        parts: [{ identifier: 'com.example.tide', version: '1.2' }],
        paths: ['Distribution', 'Payload'],
        checksum: 'sha1',
        signer: { name: expect.stringContaining('Jürgen Tester') },
      },
    });
    if (await isInstalled('7z')) expect(signed.length).toBeGreaterThan(0);
  });

  test('without a signature says so, and nothing else', async () => {
    const { findings } = await verify(
      makePackage([{ name: 'Distribution', content: distribution }], 'sha256'),
    );
    expect(findings).toEqual([
      { code: 'SIGNATURE_MISSING', path: '', message: 'The package is not signed.' },
    ]);
  });

  test('with one changed byte is found out', async () => {
    const numbers = seededNumbers(99);
    const heapStart = 28 + Number(signed.readBigUInt64BE(8));
    const payload = Array.from({ length: 10 }, () => signed.length - 1 - numbers(200));
    const places = [4, 6, 12, 20, 27, 28, 60, heapStart - 1, heapStart, heapStart + 19, ...payload];
    for (const at of [...places, ...Array.from({ length: 40 }, () => numbers(heapStart + 200))]) {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ (1 << numbers(8));
      const { ok } = await verify(changed).catch(() => ({ ok: false }));
      expect(ok, `byte ${at}`).toBe(false);
    }
  });

  test('with bytes behind its end is found out, unless they are a ticket', async () => {
    const { findings } = await verify(Buffer.concat([signed, Buffer.from('more')]));
    expect(findings).toMatchObject([{ code: 'FILE_UNSEALED' }]);
    expect(await verify(Buffer.concat([signed, stapled(Buffer.from('s8ch and the ticket'))]))).toMatchObject({
      ok: true,
      stapledTicket: true,
    });
  });

  test('of another kind, cut short or hostile is a finding', async () => {
    const table = (inner: string) => wrapTable(`<xar><toc>${inner}</toc></xar>`, 'sha1');
    const file = (name: string, data = '') => `<file id="1"><name>${name}</name>${data}</file>`;
    const hostile = [
      signed.subarray(0, 40),
      signed.subarray(0, signed.length - 5),
      table(file('../../etc/passwd')),
      table(file('x', '<data><offset>99999999999999</offset><length>1</length><size>1</size></data>')),
      table(
        file('x')
          .repeat(3)
          .replace(/<\/file>/, ''),
      ),
      wrapTable('<!DOCTYPE a [<!ENTITY b "c">]><xar><toc/></xar>', 'sha1'),
      wrapTable(`<xar><toc>${'<file>'.repeat(5_000)}</toc></xar>`, 'sha1'),
      wrapTable('<xar/>', 'sha1'),
    ];
    for (const bytes of hostile) expect(await verify(bytes)).toMatchObject({ ok: false, kind: 'pkg' });
  });

  test('that announces a small table and inflates to a large one is a finding', async () => {
    const bomb = wrapTable(`<xar><toc>${' '.repeat(4_000_000)}</toc></xar>`, 'sha1');
    bomb.writeBigUInt64BE(1_000n, 16);
    expect(await verify(bomb)).toMatchObject({ ok: false });
  });
});

function stapled(ticket: Buffer): Buffer {
  const trailer = (type: number, length: number): Buffer => {
    const bytes = Buffer.alloc(16);
    bytes.write('t8lr');
    bytes.writeUInt16LE(1, 4);
    bytes.writeUInt16LE(type, 6);
    bytes.writeUInt32LE(length, 8);
    return bytes;
  };
  return Buffer.concat([trailer(1, 0), ticket, trailer(2, ticket.length)]);
}
