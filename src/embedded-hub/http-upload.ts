import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerJson,
  answerText,
  type Handler,
  type HttpContext,
  holdsToken,
  refuse,
} from './http-context.ts';
import type { StoredArtifact } from './types.ts';

/**
 * Takes an artifact. Whatever can be said before the body is read is said at once, while the sender is still
 * sending: proxies do that, and a worker must not hang on it. The body is read on, as an answer can be lost with
 * a connection that is closed over unread bytes.
 */
export const acceptUpload: Handler = async (context, jobId, request, response) => {
  // an upload of nothing is how a worker asks whether its token is good
  if (request.headers['content-length'] === '0') {
    if (!isRefused(context, jobId, request, response)) refuseEmpty(response);
    return;
  }
  context.faults.uploadsBegun += 1;
  context.judge.upload(jobId, request.headers);
  const fault = context.faults.nextUpload();
  if (fault === 'reset') return breakOff(request);
  if (fault !== undefined) answerText(response, fault);
  else if (!isRefused(context, jobId, request, response)) return receive(context, jobId, request, response);
  request.resume();
};

const refuseEmpty = (response: ServerResponse): void =>
  refuse(response, 400, 'BAD_REQUEST', 'Missing base64 artifact data in body');

/** The hub's order: token, then job, then status. */
function isRefused(
  context: HttpContext,
  jobId: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const job = context.ledger().jobs.get(jobId);
  if (!holdsToken(context, jobId, request)) refuse(response, 403, 'FORBIDDEN', 'Invalid job token');
  else if (!job) refuse(response, 404, 'JOB_NOT_FOUND', 'Job not found');
  else if (job.status !== 'running') refuse(response, 409, 'JOB_NOT_RUNNING', 'Job is not running');
  else return false;
  return true;
}

async function receive(
  context: HttpContext,
  jobId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const upload = await context.store.receive(request);
  context.faults.uploadsRead += 1;
  await context.faults.uploadHold;
  // the hub looks only now; the job may have been given to somebody else while the body came in
  const isGone = isRefused(context, jobId, request, response);
  if (!isGone && !upload.isEmpty) return accept(context, jobId, request, response, upload);
  if (!isGone) refuseEmpty(response);
  await context.store.discard(upload.path);
}

function accept(
  context: HttpContext,
  jobId: string,
  request: IncomingMessage,
  response: ServerResponse,
  upload: Awaited<ReturnType<HttpContext['store']['receive']>>,
): void {
  const { path, sizeBytes, sha256Hex, isBase64 } = upload;
  const claimed = header(request, 'x-artifact-sha256');
  const name = slug(header(request, 'x-artifact-name'));
  const artifact = { path, name, sizeBytes, sha256Hex, target: header(request, 'x-artifact-target') };
  context.judge.uploaded(jobId, { isBase64, isDigestRight: claimed === sha256Hex });
  const ticket = context.store.keep(jobId, artifact);
  const url = `${context.publicUrl()}/api/v1/dl/${ticket}`;
  announce(context, jobId, artifact, claimed, url);
  answerJson(response, 200, { token: ticket, download_url: url, size: sizeBytes });
}

/** Only this one target is kept from the sender of the job; unsigned bundles of the first stage are not. */
function announce(
  { relay, store }: HttpContext,
  jobId: string,
  artifact: StoredArtifact,
  sha256: string,
  url: string,
): void {
  if (artifact.target === 'windows-precompiled') return;
  relay(jobId, {
    type: 'artifact_ready',
    job_id: jobId,
    target: artifact.target,
    artifact_name: artifact.name,
    artifact_size: artifact.sizeBytes,
    sha256,
    download_url: url,
    expires_in_secs: Math.floor(store.ttlMs / 1000),
  });
}

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

const slug = (name: string): string =>
  (name.split('/').pop() ?? '').replace(/[^A-Za-z0-9._-]/g, '_') || 'artifact';

/** Reads a first piece, then resets the connection. */
async function breakOff(request: IncomingMessage): Promise<void> {
  await once(request, 'data');
  request.socket.resetAndDestroy();
}
