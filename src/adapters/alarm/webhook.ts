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
  const own = withDeadline(signal, timeoutMs);
  const status = await statusOf(url, message, own).catch((error: unknown) => {
    signal.throwIfAborted();
    if (own.aborted) throw notTaken(url, `It has not answered within ${timeoutMs / 1_000} s.`);
    const code = errorCodeOf(error);
    throw notTaken(url, `It could not be reached${code === '' ? '' : ` (${code})`}.`);
  });
  if (status >= 300 && status < 400)
    throw notTaken(url, `It redirects (${status}), and that is not followed.`);
  if (status < 200 || status >= 300) throw notTaken(url, `It answered with status ${status}.`);
}

async function statusOf(url: URL, message: NoticeMessage, signal: AbortSignal): Promise<number> {
  const connection = await openConnection({ signal });
  try {
    const { statusCode, body } = await connection.request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'perry-ship' },
      body: JSON.stringify(message),
    });
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
