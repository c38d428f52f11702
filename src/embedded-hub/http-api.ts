import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { base64Length } from '../adapters/hub/base64-body.ts';
import { encodedFile } from './base64-file.ts';
import {
  answerJson,
  answerText,
  type Handler,
  type HttpContext,
  holdsToken,
  refuse,
} from './http-context.ts';
import { acceptUpload } from './http-upload.ts';
import type { TransferFault } from './types.ts';

/** The routes a worker or the receiver of an artifact uses. */
export async function handleRequest(
  context: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (match) return handler(context, decodeURIComponent(match[1] ?? ''), request, response);
  }
  request.resume();
  answerJson(response, 404, { error: 'Not Found' });
}

const status: Handler = async (context, _key, _request, response) => {
  const ledger = context.ledger();
  answerJson(response, 200, {
    status: 'ok',
    queue_length: ledger.queueLength,
    perry_version: '0.1.0',
    expected_perry_version: context.expectedVersion,
    supported_targets: ['macos', 'ios', 'android', 'linux', 'windows'],
    connected_workers: ledger.workers().length,
  });
};

const download: Handler = async (context, jobId, request, response) => {
  const fault = context.faults.nextDownload();
  if (typeof fault === 'number') return answerText(response, fault);
  if (!holdsToken(context, jobId, request)) return refuse(response, 403, 'FORBIDDEN', 'Invalid job token');
  const path = context.ledger().jobs.get(jobId)?.bundlePath;
  const size = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !size) return refuse(response, 404, 'NOT_FOUND', 'Tarball not found');
  await sendBundle(context, path, size.size, fault, response);
};

async function sendBundle(
  { faults }: HttpContext,
  path: string,
  sizeBytes: number,
  fault: TransferFault | undefined,
  response: ServerResponse,
): Promise<void> {
  const corruption = faults.nextCorruption();
  const keepsLength = corruption !== 'truncated' && corruption !== 'empty';
  const length = keepsLength ? { 'content-length': base64Length(sizeBytes) } : {};
  response.writeHead(200, { 'content-type': 'text/plain', ...length });
  response.flushHeaders();
  await faults.bodyHold;
  if (fault === 'reset') return breakOff(path, response);
  await pipeline(encodedFile(path, corruption), response);
}

/** Sends a first piece, then resets the connection. */
async function breakOff(path: string, response: ServerResponse): Promise<void> {
  for await (const piece of encodedFile(path)) {
    await new Promise((written) => response.write((piece as Buffer).subarray(0, -1), written));
    break;
  }
  response.socket?.resetAndDestroy();
}

const fetchOnce: Handler = async (context, ticket, _request, response) => {
  const artifact = context.store.redeem(ticket);
  if (!artifact) return refuse(response, 404, 'ARTIFACT_NOT_FOUND', 'Artifact not found or expired');
  response.writeHead(200, {
    'content-type': 'text/plain',
    'content-length': base64Length(artifact.sizeBytes),
  });
  await pipeline(encodedFile(artifact.path), response);
};

const routes: ReadonlyArray<readonly [method: string, path: RegExp, handler: Handler]> = [
  ['GET', /^\/api\/v1\/status$/, status],
  ['GET', /^\/api\/v1\/tarball\/([^/]+)$/, download],
  ['POST', /^\/api\/v1\/artifact\/upload\/([^/]+)$/, acceptUpload],
  ['GET', /^\/api\/v1\/dl\/([^/]+)$/, fetchOnce],
];
