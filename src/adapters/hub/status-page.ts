import { openHubConnection, readAnswer } from './http-attempt.ts';
import { configuredUrl, type HubOriginPolicy } from './url-policy.ts';

/** The hub without a proxy in front has its WebSocket on one port and HTTP on the one below. */
const DIRECT_WS_PORT = '3457';
const DIRECT_HTTP_PORT = '3456';

/** Where a hub says how it stands: `/api/v1/status` at its HTTP address, which is guessed when it is not configured. */
export function statusPageUrl({ hubUrl, httpBaseUrl }: HubOriginPolicy): URL {
  const url = configuredUrl(httpBaseUrl ?? hubUrl, httpBaseUrl ? 'PERRY_HUB_HTTP_URL' : 'PERRY_HUB_URL');
  const isPlain = url.protocol === 'ws:' || url.protocol === 'http:';
  const page = new URL('/api/v1/status', `${isPlain ? 'http' : 'https'}://${url.host}`);
  if (httpBaseUrl === undefined && url.port === DIRECT_WS_PORT) page.port = DIRECT_HTTP_PORT;
  return page;
}

/** What a hub says of itself; null for what it does not say. */
export interface HubStatus {
  /** Jobs that wait, whatever they are for. */
  readonly queueLength: number | null;
  readonly workers: number | null;
}

/**
 * How the hub stands. The page is public: no secret is sent.
 *
 * @throws an error of the network, or the signal's reason
 */
export async function readHubStatus(origin: HubOriginPolicy, signal: AbortSignal): Promise<HubStatus> {
  const connection = await openHubConnection(signal);
  try {
    const headers = { 'accept-encoding': 'identity' };
    const page = statusPageUrl(origin);
    const { statusCode, body } = await connection.request(page, { method: 'GET', headers });
    const { json } = await readAnswer(statusCode, body);
    const count = (value: unknown) =>
      statusCode === 200 && Number.isSafeInteger(value) ? Number(value) : null;
    return { queueLength: count(json.queue_length), workers: count(json.connected_workers) };
  } finally {
    await connection.close();
  }
}

/** How many jobs wait at the hub; null when it does not say. */
export const readQueueLength = async (origin: HubOriginPolicy, signal: AbortSignal): Promise<number | null> =>
  (await readHubStatus(origin, signal)).queueLength;
