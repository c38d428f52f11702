/**
 * The hub of the bench, in a process of its own so that its work is not counted to either side: the embedded hub
 * for the daemon, and beside it the same two transfers without a token for the script.
 */
import { rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { base64Length } from '../../src/adapters/hub/base64-body.ts';
import { ArtifactStore } from '../../src/embedded-hub/artifact-store.ts';
import { encodedFile } from '../../src/embedded-hub/base64-file.ts';
import { startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { HUB_SECRET, type HubAddresses, type HubQuestion, type JobRun } from './hub-messages.ts';

const hub = await startEmbeddedHub({ workerSecret: HUB_SECRET });
const uploads = new ArtifactStore(tmpdir());
const now = (): number => performance.timeOrigin + performance.now();

async function answerPlain(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return sendBundle(request, response);
  const { path, sha256Hex, isBase64 } = await uploads.receive(request);
  const isRight = isBase64 && request.headers['x-artifact-sha256'] === sha256Hex;
  response.writeHead(isRight ? 200 : 400).end('{}');
  await uploads.discard(path);
}

async function sendBundle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '', 'http://localhost').searchParams.get('path') ?? '';
  const { size } = await stat(path);
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': base64Length(size) });
  await pipeline(encodedFile(path), response);
}

async function runJob({ submission }: Extract<HubQuestion, { ask: 'runJob' }>): Promise<JobRun> {
  const assignedAtMs = now();
  const jobId = await hub.submitJob(submission);
  const { success, error } = await hub.completed(jobId);
  const completedAtMs = now();
  const artifact = hub.artifact(jobId);
  if (artifact) await rm(artifact.path, { force: true });
  const objections = hub.violations.join('; ');
  return { jobId, assignedAtMs, completedAtMs, error: success === true ? objections : String(error) };
}

const untilWorker = () => hub.until(() => (hub.workers().length > 0 ? true : undefined));

const plain = createServer((request, response) => {
  answerPlain(request, response).catch(() => response.destroy());
});
await new Promise<void>((listening) => plain.listen(0, '127.0.0.1', listening));

process.on('message', async ({ id, question }: { id: number; question: HubQuestion }) => {
  const answer = question.ask === 'runJob' ? await runJob(question) : await untilWorker();
  process.send?.({ id, answer });
});
process.once('disconnect', async () => {
  await hub.stop();
  process.exit(0);
});
const addresses: HubAddresses = {
  webSocketUrl: hub.webSocketUrl,
  plainUrl: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
};
process.send?.(addresses);
