import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_WAITING_JOBS } from '../../machines/supervisor/limits.ts';
import { shutDown } from '../../src/control/answers.ts';
import { collectGarbage } from '../helpers/collect-garbage.ts';
import { type InstantDaemon, instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { gate } from './gate.ts';

type Said = Record<string, unknown> & { type: string; job_id?: string };

const SLOTS = 2;
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const MOST_JOBS = SLOTS + MAX_WAITING_JOBS;
let stateDir: string;
let said: Said[];
let server: WebSocketServer;
let worker: InstantDaemon;
let socket: WebSocket;
let work: ReturnType<typeof gate>;
const pings: Buffer[] = [];
const warnings: string[] = [];
const onWarning = (warning: Error) => void warnings.push(warning.stack ?? String(warning));

beforeEach(async () => {
  [stateDir, said, work] = [await mkdtemp(join(tmpdir(), 'flood-')), [], gate()];
  pings.length = 0;
  warnings.length = 0;
  process.on('warning', onWarning);
  // the pongs are ours to give
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  await once(server, 'listening');
  const linked = once(server, 'connection');
  worker = await startInstantDaemon({
    ...{ hubUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, hubSecret: 'x', stateDir },
    env: { PERRY_MAX_CONCURRENT_BUILDS: String(SLOTS), PERRY_VM_STANDBY: '0' },
    working: () => work.opened,
  });
  attend((await linked)[0] as WebSocket);
  await vi.waitFor(() => expect(said.map(({ type }) => type)).toContain('worker_hello'));
});

function attend(link: WebSocket): void {
  socket = link;
  socket.on('message', (data) => void said.push(JSON.parse(String(data))));
  socket.on('ping', (payload) => void pings.push(payload));
}

afterEach(async () => {
  socket.on('ping', (payload) => socket.pong(payload));
  for (const payload of pings) socket.pong(payload);
  shutDown(worker.daemon.supervisor);
  await worker.daemon.finished;
  server.close();
  await rm(stateDir, { recursive: true });
  process.off('warning', onWarning);
  expect(warnings, 'warnings of Node').toEqual([]);
});

const { bundle: _, ...job } = instantSubmission;
const assign = (jobId: string, n: number, credentials: object = {}) =>
  socket.send(frameOf(jobId, n, credentials));
const frameOf = (jobId: string, n: number, credentials: object): string =>
  JSON.stringify({
    ...{ type: 'job_assign', job_id: jobId, auth_token: `token-number-${n}`, manifest: job.manifest },
    ...{ credentials: { apple_certificate_password: `password number ${n}`, ...credentials } },
    ...{ tarball_url: 'http://127.0.0.1:9/t', artifact_upload_url: 'http://127.0.0.1:9/u' },
  });
const completes = () => said.filter(({ type }) => type === 'complete');

test('a flood of assignments: those that there is room for are held, the rest is answered and nothing of it kept', async () => {
  const { vault, redactor } = worker.daemon.services;
  const [put, add] = [vi.spyOn(vault, 'put'), vi.spyOn(redactor, 'add')];
  const COUNT = 1_000;
  for (let n = 0; n < COUNT; n += 1) assign(`job-${n}`, n);
  await vi.waitFor(() => expect(completes()).toHaveLength(COUNT - MOST_JOBS), 60_000);
  const refused = completes().map(({ job_id }) => job_id);
  expect(new Set(refused).size).toBe(COUNT - MOST_JOBS);
  for (const { error } of completes()) expect(error).toMatch(/^QUEUE_FULL: /);
  expect(put).toHaveBeenCalledTimes(MOST_JOBS);
  // of what its process has taken over, the token is hidden here still
  expect(add.mock.calls.length - MOST_JOBS).toBeLessThanOrEqual(SLOTS);
  expect(vault.heldJobs).toBe(MOST_JOBS);
  // no pong came: one ping is under way for all of them
  expect(pings).toHaveLength(1);
});

test('thousands of assignments of one job: its run has the newest token, and nothing is held of the others', async () => {
  const { vault } = worker.daemon.services;
  const COUNT = 2_000;
  for (let n = 0; n < COUNT; n += 1) assign('job', n);
  assign('another', COUNT);
  await vi.waitFor(() => expect(vault.holds('another')).toBe(true), 60_000);
  expect(vault.size).toBe(3);
  const { runs } = worker.daemon.supervisor.getSnapshot().context;
  expect(runs.map(({ jobId, assignmentIds }) => [jobId, assignmentIds.length])).toEqual([
    ['job', 2],
    ['another', 1],
  ]);
  const [run] = runs;
  expect(vault.claim(run?.assignmentIds.at(-1) ?? '')?.authToken).toBe(`token-number-${COUNT - 1}`);
  expect(vault.heldJobs).toBe(2);
});

/** What garbage collection does not free. */
async function livingBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await nextTurn();
    await collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('frames beyond every measure: each is answered, and nothing of it is kept', async () => {
  const { vault } = worker.daemon.services;
  const beforeBytes = await livingBytes();
  const tooLong = () => 'A'.repeat(60 * 1024 * 1024);
  const tooMany = () => Array(500_000).fill('certificate');
  const tooDeep = () => JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`);
  const COUNT = 9;
  for (let n = 0; n < COUNT; n += 3)
    for (const [index, each] of [tooLong, tooMany, tooDeep].entries())
      assign(`job-${n + index}`, n + index, { apple_certificate_p12_base64: each() });
  await vi.waitFor(() => expect(completes()).toHaveLength(COUNT), 60_000);
  for (const { error } of completes()) expect(error).toMatch(/^MANIFEST_INVALID: .*It(s| has)/s);
  expect(vault.heldJobs).toBe(0);
  assign('another', COUNT);
  await vi.waitFor(() => expect(vault.holds('another')).toBe(true), 60_000);
  expect((await livingBytes()) - beforeBytes).toBeLessThan(32 * 1024 * 1024);
});

test('large credentials: as many bytes are held as may be, the rest is answered', async () => {
  const { vault } = worker.daemon.services;
  const beforeBytes = await livingBytes();
  const large = { apple_certificate_p12_base64: 'A'.repeat(1024 * 1024) };
  const most = Math.floor(MAX_HELD_BYTES / frameOf('job-10', 10, large).length);
  for (let n = 10; n < 100; n += 1) assign(`job-${n}`, n, large);
  await vi.waitFor(() => expect(vault.heldJobs + completes().length).toBe(90), 60_000);
  expect(vault.heldJobs).toBeGreaterThanOrEqual(most);
  // those that the processes of the runs have taken over leave room for as many
  expect(vault.heldJobs).toBeLessThanOrEqual(most + SLOTS);
  expect(vault.heldBytes).toBeLessThanOrEqual(MAX_HELD_BYTES);
  expect((await livingBytes()) - beforeBytes).toBeLessThan(2 * MAX_HELD_BYTES);
});

test('a link that breaks while as many jobs as may be are here and many answers are on their way', async () => {
  const { vault, takenJobs } = worker.daemon.services;
  const COUNT = 3 * MOST_JOBS;
  for (let n = 0; n < COUNT; n += 1) assign(`job-${n}`, n);
  await vi.waitFor(() => expect(vault.heldJobs + completes().length).toBe(COUNT), 60_000);
  const linked = once(server, 'connection');
  socket.terminate();
  attend((await linked)[0] as WebSocket);
  // of each answer that no pong proves the hub is asked, many at a time; nobody is there, so it is said again
  await vi.waitFor(() => expect(completes().length).toBe(2 * (COUNT - MOST_JOBS)), 60_000);
  expect(vault.heldJobs).toBe(MOST_JOBS);
  expect(takenJobs.interrupted).toEqual([]);
});
