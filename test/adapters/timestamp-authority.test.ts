import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { makeIdentity, makeMachO, rcodesign } from '../helpers/rcodesign-fixtures.ts';

let room: string;
const temporary = process.env.TMPDIR;

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), 'perry-stamp-'));
  process.env.TMPDIR = room;
});
afterAll(async () => {
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  await rm(room, { recursive: true, force: true });
});

const leftovers = async (): Promise<string[]> =>
  (await readdir(room)).filter((name) => name.startsWith('perry-ship-tsa-'));

const post = (url: string, body: Buffer, type = 'application/timestamp-query'): Promise<Response> =>
  fetch(url, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': type } });

const makeQuery = async (text: string): Promise<Buffer> => {
  await writeFile(join(room, text), text);
  const args = ['ts', '-query', '-data', text, '-sha256', '-cert', '-out', `${text}.tsq`];
  await run('openssl', args, { cwd: room });
  return readFile(join(room, `${text}.tsq`));
};

test('rcodesign puts its token into a signature', async () => {
  const authority = await startTimestampAuthority();
  const binary = join(room, 'binary');
  await makeMachO(binary);
  await rcodesign('sign', '--pem-file', await makeIdentity(room), '--timestamp-url', authority.url, binary);
  expect(await rcodesign('print-signature-info', binary)).toMatch(/time_stamp_token:\n/);
  expect(authority.requests).toBe(1);
  await authority.stop();
  expect(await leftovers()).toEqual([]);
});

test('queries at once get stamps with serial numbers of their own, which openssl accepts', async () => {
  const authority = await startTimestampAuthority();
  try {
    const texts = ['one', 'two', 'three', 'four', 'five'];
    const queries = await Promise.all(texts.map(makeQuery));
    const replies = await Promise.all(queries.map((query) => post(authority.url, query)));
    const serials = new Set<string | undefined>();
    for (const [index, reply] of replies.entries()) {
      const text = texts[index] ?? '';
      expect(reply.headers.get('content-type')).toBe('application/timestamp-reply');
      await writeFile(join(room, `${text}.tsr`), Buffer.from(await reply.arrayBuffer()));
      const shown = await run('openssl', ['ts', '-reply', '-in', `${text}.tsr`, '-text'], { cwd: room });
      expect(shown.stdout).toContain('Status: Granted.');
      serials.add(/Serial number: (\S+)/.exec(shown.stdout)?.[1]);
    }
    expect(serials.size).toBe(texts.length);
  } finally {
    await authority.stop();
  }
});

test('what is no query is refused and does no harm', async () => {
  const authority = await startTimestampAuthority();
  try {
    const query = await makeQuery('after');
    expect((await fetch(authority.url)).status).toBe(405);
    expect((await post(authority.url, query, 'text/plain')).status).toBe(415);
    expect((await post(authority.url, Buffer.alloc(1024 * 1024))).status).toBe(413);
    expect((await post(authority.url, Buffer.from('no query'))).status).not.toBe(413);
    expect((await post(authority.url, query)).status).toBe(200);
  } finally {
    await authority.stop();
  }
});

test('without openssl it says so', async () => {
  const path = process.env.PATH;
  process.env.PATH = room;
  try {
    await expect(startTimestampAuthority()).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
    expect(await leftovers()).toEqual([]);
  } finally {
    process.env.PATH = path;
  }
});
