import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { shutDown } from '../../src/control/answers.ts';
import { openTakenJobs } from '../../src/journal/taken-jobs.ts';
import { type InstantDaemon, instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';

type Said = Record<string, unknown> & { type: string; job_id?: string };

let [stateDir, said, log]: [string, Said[], string[]] = ['', [], []];
let server: WebSocketServer;
let worker: InstantDaemon;
let socket: WebSocket;

beforeEach(async () => {
  [stateDir, said, log] = [await mkdtemp(join(tmpdir(), 'odd-')), [], []];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const linked = once(server, 'connection');
  worker = await startInstantDaemon({
    hubUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hubSecret: 'of-the-hub',
    stateDir,
    writeLog: (line) => void log.push(line),
  });
  [socket] = (await linked) as [WebSocket];
  socket.on('message', (data) => void said.push(JSON.parse(String(data))));
  await vi.waitFor(() => expect(said.map(({ type }) => type)).toContain('worker_hello'));
});

afterEach(async () => {
  shutDown(worker.daemon.supervisor);
  await worker.daemon.finished;
  server.close();
  await rm(stateDir, { recursive: true });
});

const of = (type: string, jobId: string) =>
  said.filter((each) => each.type === type && each.job_id === jobId);
const answered = (ids: readonly string[]) =>
  vi.waitFor(() => expect(ids.filter((id) => of('complete', id).length === 0)).toEqual([]), 30_000);

/** What JSON can hold, with what its readers stumble over. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    '\ud800',
    'abcdef\udc00',
    '\0',
    '',
    '13',
    -0,
    1e308,
    Number.MAX_SAFE_INTEGER + 2,
    [],
    {},
    null,
    true,
  ),
  fc.constant(
    JSON.parse('{"__proto__":{"targets":["macos-sign"]},"constructor":1,"toString":[],"length":-1}'),
  ),
  fc.nat(200).map((depth) => JSON.parse(`${'{"a":['.repeat(depth)}0${']}'.repeat(depth)}`)),
  fc.constantFrom(Array(20_000).fill(0), 'x'.repeat(200_000), Object.fromEntries(Array(300).entries())),
);
const fields = (names: readonly string[], usual: object) =>
  fc
    .tuple(fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 3 }), odd, fc.nat(9))
    .map(([some, whole, dice]) => (dice === 0 ? whole : { ...usual, ...some }));
const manifest = fields(
  ['app_name', 'bundle_id', 'version', 'targets', 'entitlements', 'icon', 'category', '__proto__', 'unknown'],
  { app_name: 'a/b', bundle_id: 'com.example.a', version: '1', targets: ['macos-sign'] },
);
const credentials = fields(
  ['apple_certificate_password', 'apple_certificate_p12_base64', 'apple_p8_key', '__proto__', 'unknown'],
  {},
);
const assignment = fc.record({ manifest, credentials, auth_token: fc.oneof(fc.constant('token'), odd) });

test('an odd assignment gets one answer, and the next one too', async () => {
  const many = fc.sample(assignment, { numRuns: 250, seed: 7 });
  const ids = many.map((_, index) => `odd-${index}`);
  const urls = { tarball_url: 'http://127.0.0.1:9/t', artifact_upload_url: 'http://127.0.0.1:9/u' };
  for (const [index, each] of many.entries())
    socket.send(JSON.stringify({ type: 'job_assign', job_id: ids[index], ...urls, ...each }));
  await answered(ids);
  for (const id of ids) {
    expect(of('complete', id)).toEqual([expect.objectContaining({ success: false, job_id: id })]);
    expect(of('error', id)).toHaveLength(1);
  }
  expect(worker.daemon.supervisor.getSnapshot().status).toBe('active');
  await vi.waitFor(() => expect(worker.daemon.services.vault.size).toBe(0));
  expect(log.filter((line) => line.includes('INTERNAL_ERROR') || line.includes('"level":60'))).toEqual([]);
});

test('a defect while a job is taken in fails this job alone', async () => {
  const { vault } = worker.daemon.services;
  vi.spyOn(vault, 'put').mockImplementationOnce(() => {
    throw new TypeError('planted');
  });
  const frame = (id: string) => ({
    type: 'job_assign',
    job_id: id,
    auth_token: 't',
    manifest: 7,
    credentials: {},
  });
  for (const id of ['a', 'b'])
    socket.send(
      JSON.stringify({ ...frame(id), tarball_url: 'http://h/t', artifact_upload_url: 'http://h/u' }),
    );
  await answered(['a', 'b']);
  expect(of('error', 'a')).toEqual([expect.objectContaining({ code: 'INTERNAL_ERROR' })]);
  expect(of('error', 'b')).toEqual([expect.objectContaining({ code: 'MANIFEST_INVALID' })]);
  expect(JSON.stringify(said)).not.toContain('planted');
});

const HANDED_OUT = {
  manifest: instantSubmission.manifest,
  credentials: {},
  ...{ tarball_url: 'http://127.0.0.1:9/t', artifact_upload_url: 'http://127.0.0.1:9/u' },
};

test('a sound job may have any name, and its key may be written in any way', async () => {
  const names = [
    '__proto__',
    'constructor',
    'toString',
    '-',
    '--help',
    '-rf',
    '_',
    'NUL',
    '0',
    'a'.repeat(128),
  ];
  for (const job_id of names)
    socket.send(JSON.stringify({ ...HANDED_OUT, type: 'job_assign', auth_token: 'token', job_id }));
  const hidden = { ...HANDED_OUT, auth_token: 'token', job_id: 'hidden' };
  socket.send(
    JSON.stringify({ type: 'job_assign', ...hidden })
      .replace('"type"', '"\\u0074ype"')
      .replace('_id"', '\\u005fid"'),
  );
  const jobs = () =>
    worker.daemon.supervisor.getSnapshot().context.runs.map(({ jobId, runId }) => ({ jobId, runId }));
  const all = [...names, 'hidden'];
  await vi.waitFor(() => expect(jobs().map(({ jobId }) => jobId)).toEqual(all));
  expect(
    new Set(
      jobs()
        .map(({ runId }) => runId)
        .filter(Boolean),
    ).size,
  ).toBe(all.length);
  for (const job_id of ['nobody', '__proto__x', ...all, ...all])
    socket.send(JSON.stringify({ type: 'cancel', job_id }));
  await answered(all);
  for (const id of all)
    expect(of('complete', id)).toEqual([expect.objectContaining({ success: false, error: 'cancelled' })]);
  expect(of('complete', 'nobody')).toEqual([]);
});

test('what is no message of the hub, between two assignments, hurts neither', async () => {
  const assign = (job_id: string) =>
    socket.send(JSON.stringify({ ...HANDED_OUT, type: 'job_assign', auth_token: 'token', job_id }));
  assign('before');
  const oddities = [
    ...[
      '',
      'null',
      '[]',
      '"x"',
      '{',
      '{"type":"job_assign"',
      '{"type":"job_assign","job_id":"x"',
      '{"type":["job_assign"]}',
    ],
    ...[
      '{"type":"job_assign","job_id":"before","type":7}',
      '{"type":"job_assign","job_id":"before","job_id":{}}',
    ],
    ...[
      `{"type":"cancel","job_id":${'['.repeat(30_000)}`,
      '{"type":"cancel","job_id":null}',
      '{"type":"error"}',
    ],
    ...['{"type":"error","code":"NOT_FOUND","job_id":"before"}', '{"type":"update_perry","version":1e999}'],
  ];
  for (const text of oddities) socket.send(text);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([0xff, 0xfe, 0x22]),
    Buffer.from('{"type":"cancel","job_id":"before"}'),
  ])
    socket.send(bytes, { binary: true });
  socket.send(Buffer.from([0x7b, 0xff, 0xc0, 0x80]), { binary: false });
  for (const part of ['{"type":"can', 'cel","job_id":"', 'nobody"}'])
    socket.send(part, { fin: part.endsWith('}') });
  assign('after');
  const { takenJobs, vault } = worker.daemon.services;
  await vi.waitFor(() => expect(vault.holds('after')).toBe(true));
  const { runs } = worker.daemon.supervisor.getSnapshot().context;
  expect(runs.map(({ jobId }) => jobId)).toEqual(['before', 'after']);
  expect(vault.size).toBe(2);
  expect(said.filter(({ type }) => type === 'complete')).toEqual([]);
  expect(takenJobs.interrupted).toEqual([]);
  // a kill would lose neither: the journal of this process has both
  const lines = openTakenJobs(stateDir);
  expect([...lines.interrupted, ...lines.unsure].map(({ jobId }) => jobId)).toEqual(['before', 'after']);
  for (const job_id of ['before', 'after']) socket.send(JSON.stringify({ type: 'cancel', job_id }));
  await answered(['before', 'after']);
});
