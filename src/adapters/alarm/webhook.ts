import { withDeadline } from '../../deadline.ts';
import { ShipError } from '../../errors.ts';
import { openConnection } from '../http/connection.ts';
import { errorCodeOf } from '../http/errors.ts';
import type { NoticeMessage } from './notice.ts';

/** Chats and pagers answer within a second. */
const WEBHOOK_TIMEOUT_MS = 15_000;

/**
 * Posts one notice as JSON. It is taken when the answer is 2xx; redirects are not followed, because what is behind one
 * would be told the secret in the address. What is answered is not read.
 *
 * @param url - secret: whoever has it may post there as well
 * @throws ShipError ALARM_NOT_DELIVERED, which has nothing of the address but its host · the signal's reason
 */
export async function postToWebhook(
  url: URL,
  message: NoticeMessage,
  signal: AbortSignal,
  timeoutMs = WEBHOOK_TIMEOUT_MS,
): Promise<void> {
  const status = await statusOf(url, post(message), signal, timeoutMs);
  if (status >= 300 && status < 400)
    throw notTaken(url, `It redirects (${status}), and that is not followed.`);
  if (status < 200 || status >= 300) throw notTaken(url, `It answered with status ${status}.`);
}

/**
 * Whether somebody answers there at all. The rest of the address is not used: whatever comes to it may count as a notice.
 *
 * @throws ShipError ALARM_NOT_DELIVERED · the signal's reason
 */
export async function reachWebhook(
  url: URL,
  signal: AbortSignal,
  timeoutMs = WEBHOOK_TIMEOUT_MS,
): Promise<void> {
  await statusOf(new URL('/', url), { method: 'HEAD', headers: OF_US }, signal, timeoutMs);
}

type Request = Parameters<Awaited<ReturnType<typeof openConnection>>['request']>[1];
const OF_US = { 'user-agent': 'perry-ship' };

const post = (message: NoticeMessage): Request => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...OF_US },
  body: JSON.stringify(message),
});

async function statusOf(url: URL, request: Request, signal: AbortSignal, timeoutMs: number): Promise<number> {
  const own = withDeadline(signal, timeoutMs);
  try {
    return await statusOnce(url, request, own);
  } catch (error) {
    signal.throwIfAborted();
    if (own.aborted) throw notTaken(url, `It has not answered within ${timeoutMs / 1_000} s.`);
    const code = errorCodeOf(error);
    throw notTaken(url, `It could not be reached${code === '' ? '' : ` (${code})`}.`);
  }
}

async function statusOnce(url: URL, request: Request, signal: AbortSignal): Promise<number> {
  const connection = await openConnection({ signal });
  try {
    const { statusCode, body } = await connection.request(url, request);
    body.on('error', () => {});
    return statusCode;
  } finally {
    await connection.close();
  }
}

const notTaken = (url: URL, reason: string): ShipError =>
  new ShipError('ALARM_NOT_DELIVERED', {
    summary: `The webhook of PERRY_ALERT_URL at ${url.host} did not take an alarm.`,
    reason,
    nextStep: 'Correct the address or what answers there, and try it with "perry-ship alarms test".',
  });
