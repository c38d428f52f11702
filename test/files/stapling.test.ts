import { execFile } from 'node:child_process';
import { copyFile, cp, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookupTicket } from '../../src/adapters/apple/tickets.ts';
import { checkSealedBundle, checkSignature, readDmgSignature } from '../../src/files/code-signature/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import {
  codeRecordName,
  imageRecordName,
  stapleApp,
  stapleImage,
  TICKET_PATH,
} from '../../src/files/stapling/index.ts';
import { withTicket } from '../../src/formats/code-signature/superblob.ts';
import { startAppleSimulator } from '../apple-simulator/apple-simulator.ts';
import { startInterceptingProxy } from '../helpers/intercepting-proxy.ts';
import { makeSignedImage, type SignedImage } from '../helpers/notary-room.ts';
import { rcodesign, rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { makeBareDmg, sign } from '../helpers/signed-bundles.ts';

const signal = AbortSignal.timeout(60_000);
const ticket = Buffer.concat([Buffer.from('s8ch'), Buffer.alloc(2_000, 0x5a)]);
const room: { image: SignedImage } = {} as never;
beforeAll(async () => {
  room.image = await makeSignedImage();
});
afterAll(() => room.image.remove());

async function copyOf(name: string): Promise<string> {
  const path = join(room.image.folder, name);
  await copyFile(room.image.imagePath, path);
  return path;
}

describe('a disk image', () => {
  test('carries the ticket in a slot of its own; everything signed stays, and every seal holds', async () => {
    const path = await copyOf('stapled.dmg');
    const before = await readFile(path);
    const { signature, range } = await readDmgSignature(path);
    await stapleImage(path, ticket);
    const after = await readFile(path);
    const offset = range?.offset ?? 0;
    expect(after.subarray(0, offset).equals(before.subarray(0, offset))).toBe(true);
    expect(after.length).toBe(before.length + 8 + 8 + ticket.length);
    const stapled = (await readDmgSignature(path)).signature;
    expect(stapled?.blobs.get(0x10002)?.subarray(8)).toEqual(ticket);
    expect([...(stapled?.blobs.keys() ?? [])]).toEqual([...(signature?.blobs.keys() ?? []), 0x10002]);
    for (const [slot, blob] of signature?.blobs ?? []) expect(stapled?.blobs.get(slot)).toEqual(blob);
    const { findings, signatures } = await checkSignature(path, { signal });
    expect(findings).toEqual([]);
    expect(signatures[0]).toMatchObject({
      hasStapledTicket: true,
      cdHash: signature?.strongest.cdHash.toString('hex'),
    });
    await verifyDmg(path, { signal });
  });

  test('rcodesign reads the ticket', async () => {
    const path = await copyOf('judged.dmg');
    await stapleImage(path, ticket);
    const said = await rcodesign('print-signature-info', path);
    expect(said).toContain('slot: Ticket (65538)');
    expect(said).toContain('magic: fade0b01');
  });

  test('a second ticket takes the place of the first, also a shorter one', async () => {
    const [path, once] = [await copyOf('twice.dmg'), await copyOf('once.dmg')];
    await stapleImage(path, ticket);
    await stapleImage(path, Buffer.from('s8ch'));
    await stapleImage(once, Buffer.from('s8ch'));
    expect((await readFile(path)).equals(await readFile(once))).toBe(true);
  });

  test('that is not signed gets none, and is left as it is', async () => {
    const path = join(room.image.folder, 'bare.dmg');
    await makeBareDmg(path);
    const before = await readFile(path);
    await expect(stapleImage(path, ticket)).rejects.toMatchObject({ code: 'STAPLE_FAILED' });
    await expect(imageRecordName(path)).rejects.toMatchObject({ code: 'STAPLE_FAILED' });
    expect(await readFile(path)).toEqual(before);
  });

  test('of hostile form is refused before anything is written', async () => {
    const path = await copyOf('hostile.dmg');
    const bytes = await readFile(path);
    const { range } = await readDmgSignature(path);
    bytes.writeUInt32BE(0xffffffff, (range?.offset ?? 0) + 8);
    await writeFile(path, bytes);
    await expect(stapleImage(path, ticket)).rejects.toMatchObject({ code: 'SIGNATURE_MALFORMED' });
    expect(await readFile(path)).toEqual(bytes);
    await symlink(path, join(room.image.folder, 'link.dmg'));
    await expect(stapleImage(join(room.image.folder, 'link.dmg'), ticket)).rejects.toMatchObject({
      code: 'STAPLE_FAILED',
    });
    expect(() => withTicket(Buffer.alloc(40), ticket)).toThrow(/cannot be read/);
  });
});

describe('an app', () => {
  test('carries the ticket as Contents/CodeResources, which no seal covers', async () => {
    const app = join(room.image.folder, 'copy', 'A.app');
    await cp(room.image.appPath, app, { recursive: true });
    await stapleApp(app, ticket);
    await stapleApp(app, ticket);
    expect(await readFile(join(app, 'Contents/CodeResources'))).toEqual(ticket);
    expect((await checkSealedBundle(app, { signal })).findings).toEqual([]);
    expect(await codeRecordName(join(app, 'Contents/MacOS/App'))).toMatch(/^2\/2\/[0-9a-f]{40}$/);
  });

  test('gets from rcodesign, at the same service, the very same ticket in the same place', async () => {
    const [ours, theirs] = ['ours', 'theirs'].map((name) => join(room.image.folder, name, 'A.app'));
    for (const app of [ours, theirs]) await cp(room.image.appPath, app ?? '', { recursive: true });
    const apple = await startAppleSimulator({ apiKeys: [] });
    const service = new URL(apple.env.PERRY_TICKET_URL ?? '');
    const proxy = await startInterceptingProxy('api.apple-cloudkit.com', service);
    try {
      const recordName = await codeRecordName(join(ours ?? '', 'Contents/MacOS/App'));
      apple.tickets.grant(recordName);
      await stapleApp(ours ?? '', await lookupTicket(service, recordName, signal));
      const trusted = join(room.image.folder, 'trusted.pem');
      await writeFile(trusted, proxy.certificatePem);
      const env = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: trusted, NO_PROXY: '' };
      await promisify(execFile)(rcodesignPath, ['-C', '/dev/null', 'staple', theirs ?? ''], { env });
      expect(await listTree(theirs ?? '')).toEqual(await listTree(ours ?? ''));
      expect(await readFile(join(theirs ?? '', TICKET_PATH))).toEqual(
        await readFile(join(ours ?? '', TICKET_PATH)),
      );
    } finally {
      await proxy.stop();
      await apple.stop();
    }
  });

  test('has a seal of rcodesign that leaves the ticket out, and code that holds with it', async () => {
    const app = join(room.image.folder, 'signed-again', 'A.app');
    await cp(room.image.appPath, app, { recursive: true });
    const seal = await readFile(join(app, 'Contents/_CodeSignature/CodeResources'), 'utf8');
    await stapleApp(app, ticket);
    await rcodesign('verify', join(app, 'Contents/MacOS/App'));
    await sign({ pem: room.image.pem, timestampUrl: 'none' }, app, '--code-signature-flags', 'runtime');
    expect(await readFile(join(app, 'Contents/_CodeSignature/CodeResources'), 'utf8')).toBe(seal);
    expect(await readFile(join(app, TICKET_PATH))).toEqual(ticket);
  });

  test('a link in the place of the ticket is replaced, never written through', async () => {
    const app = join(room.image.folder, 'link', 'A.app');
    const victim = join(room.image.folder, 'victim');
    await mkdir(join(app, 'Contents'), { recursive: true });
    await writeFile(victim, 'precious');
    await symlink(victim, join(app, 'Contents/CodeResources'));
    await symlink(victim, join(app, 'Contents/CodeResources.new'));
    await stapleApp(app, ticket);
    expect((await lstat(join(app, 'Contents/CodeResources'))).isFile()).toBe(true);
    expect(await readFile(victim, 'utf8')).toBe('precious');
    await expect(stapleApp(join(room.image.folder, 'none.app'), ticket)).rejects.toMatchObject({
      code: 'STAPLE_FAILED',
    });
  });
});

test('a ticket is looked up by name; none yet, throttled and unreadable are told apart', async () => {
  const apple = await startAppleSimulator({ apiKeys: [], lateTickets: 1 });
  const url = new URL(apple.env.PERRY_TICKET_URL ?? '');
  const ask = (name: string) => lookupTicket(url, name, signal);
  try {
    apple.tickets.grant('2/2/aa');
    await expect(ask('2/2/aa')).rejects.toMatchObject({
      code: 'TICKET_NOT_FOUND',
      failure: { retryable: true },
    });
    expect(await ask('2/2/aa')).toEqual(apple.tickets.ticket('2/2/aa'));
    await expect(lookupTicket(new URL('/elsewhere', url), '2/2/aa', signal)).rejects.toMatchObject({
      code: 'TICKET_NOT_FOUND',
      failure: { retryable: true, reason: expect.stringMatching(/404.*PERRY_TICKET_URL/) },
    });
    apple.faults.next('ticket', 'throttled', 'garbage', 'tooMany', 'hung');
    await expect(ask('2/2/aa')).rejects.toMatchObject({
      failure: { code: 'APPLE_UNAVAILABLE', retryAfterMs: 1000 },
    });
    await expect(ask('2/2/aa')).rejects.toMatchObject({
      code: 'APPLE_ANSWER_INVALID',
      failure: { retryable: true },
    });
    await expect(ask('2/2/aa')).rejects.toMatchObject({ failure: { retryAfterMs: 1000 } });
    const controller = new AbortController();
    const asked = lookupTicket(url, '2/2/aa', controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
  } finally {
    await apple.stop();
  }
});
