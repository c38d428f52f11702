import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { withDeadline } from '../deadline.ts';
import { ShipError } from '../errors.ts';
import type { DaemonStatus } from '../observability/status.ts';
import type { AcknowledgeRequest, ControlReply, ControlRequest } from './protocol.ts';
import { decodeReply, encodeLine, MAX_REPLY_BYTES } from './protocol.ts';
import { readLine } from './read-line.ts';
import { findSocket } from './socket-place.ts';
import { holderOf } from './state-lock.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

/**
 * Asks the daemon that works on this directory; every answer carries how it stands now.
 *
 * @throws ShipError DAEMON_NOT_RUNNING · DAEMON_NOT_ANSWERING · DAEMON_ENDING · PAUSE_NOT_KEPT · JOB_UNKNOWN · CONTROL_REQUEST_INVALID
 */
export async function askDaemon(
  stateDir: string,
  request: ControlRequest,
  signal: AbortSignal = AbortSignal.timeout(ANSWER_TIMEOUT_MS),
): Promise<DaemonStatus> {
  return (await ask(stateDir, request, signal)).status;
}

/**
 * Has the daemon take no jobs until the signal comes, or this process ends.
 *
 * @returns when the daemon has closed the connection, as it does at its end
 * @throws as `askDaemon` · AbortError when the signal came first
 */
export async function haveYield(stateDir: string, signal: AbortSignal): Promise<void> {
  const soon = withDeadline(signal, ANSWER_TIMEOUT_MS);
  const socket = await open(stateDir, soon);
  try {
    const reply = await exchange(socket, { request: 'yield' }, soon);
    if (!reply.ok) throw new ShipError(reply.failure.code, reply.failure);
    if (!socket.resume().closed) await once(socket, 'close', { signal });
  } finally {
    socket.destroy();
  }
}

/**
 * Has one job cancelled.
 *
 * @param name - of the job, or its first letters
 * @returns the job's whole name
 * @throws as `askDaemon` · ShipError JOB_AMBIGUOUS
 */
export async function cancelJob(stateDir: string, name: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  return (await ask(stateDir, { request: 'cancel', jobId: name }, signal)).jobId ?? name;
}

/**
 * Has breaks of the account of signatures acknowledged.
 *
 * @throws as `askDaemon` · ShipError BREAKS_UNKNOWN
 */
export async function acknowledgeBreaks(
  stateDir: string,
  wish: Omit<AcknowledgeRequest, 'request'>,
  signal: AbortSignal,
): Promise<void> {
  await ask(stateDir, { request: 'acknowledge', ...wish }, signal);
}

async function ask(stateDir: string, request: ControlRequest, signal: AbortSignal) {
  const socket = await open(stateDir, signal);
  try {
    const reply = await exchange(socket, request, signal);
    if (!reply.ok) throw new ShipError(reply.failure.code, reply.failure);
    return reply;
  } finally {
    socket.destroy();
  }
}

async function open(stateDir: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect(await findSocket(stateDir));
  try {
    await once(socket, 'connect', { signal });
    return socket.on('error', () => {});
  } catch (error) {
    socket.on('error', () => {}).destroy();
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw NOBODY.includes(code) ? await nobodyThere(stateDir) : notAnswering(refusal(code), error);
  }
}

async function exchange(socket: Socket, request: ControlRequest, signal: AbortSignal): Promise<ControlReply> {
  try {
    socket.write(encodeLine(request));
    return decodeReply(await readLine(socket, MAX_REPLY_BYTES, signal));
  } catch (error) {
    throw notAnswering(
      'Its answer did not come in time, or is in a form that this version does not know.',
      error,
    );
  }
}

const refusal = (code: string): string =>
  code === 'EACCES' || code === 'EPERM'
    ? 'Its control socket belongs to another user.'
    : `Its control socket cannot be opened (${code || 'no answer in time'}).`;

/** A daemon that has the directory but no socket is still starting, or just ending. */
async function nobodyThere(stateDir: string): Promise<ShipError> {
  const holder = await holderOf(stateDir);
  if (holder) return notAnswering(`Process ${holder.pid} is starting or ending just now.`);
  return new ShipError('DAEMON_NOT_RUNNING', {
    summary: `No perry-ship daemon works on the state directory "${stateDir}".`,
    reason: 'Nothing listens on its control socket.',
    nextStep:
      'Start one with "perry-ship run" or "perry-ship service install", or name its directory with --state-dir.',
  });
}

const notAnswering = (reason: string, cause?: unknown): ShipError =>
  new ShipError('DAEMON_NOT_ANSWERING', {
    summary: 'The perry-ship daemon on this state directory does not answer.',
    reason,
    nextStep:
      'Try again, as the user that runs it and with the perry-ship of its version; then look at its log.',
    cause,
  });
