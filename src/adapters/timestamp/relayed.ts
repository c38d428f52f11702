import type { IncomingMessage, ServerResponse } from 'node:http';
import { readCapped } from '../http/body.ts';
import { openConnection } from '../http/connection.ts';
import { errorCodeOf } from '../http/errors.ts';

/** A query has some 60 bytes, a reply with the certificates of the authority some 6,000. */
const MAX_QUERY_BYTES = 64 * 1024;
const MAX_REPLY_BYTES = 1024 * 1024;
const ANSWER_TIMEOUT_MS = 25_000;

/** Media types of RFC 3161, section 3.4. */
const QUERY = 'application/timestamp-query';
const REPLY = 'application/timestamp-reply';

export interface Relayed {
  /** Of the authority; http or https. */
  readonly authority: URL;
  /** Why the authority gave no time stamp; a part of a sentence, e.g. "it answered 503". */
  readonly onTrouble: (reason: string) => void;
  /** For the start of its answer, and for each silence in it; 25 s when left out, since rcodesign 0.29.0 waits for 30. */
  readonly answerTimeoutMs?: number;
}

/** An answer to the guest that has no time stamp in it. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/**
 * Passes one query on when it is one, and answers with what came back. Never rejects.
 *
 * @param life - of the connection that the request came by
 */
export async function answerQuery(
  request: IncomingMessage,
  response: ServerResponse,
  life: AbortSignal,
  relayed: Relayed,
): Promise<void> {
  try {
    requireQuery(request, relayed.authority);
    const reply = await ask(await readQuery(request), life, relayed);
    answer(response, 200, REPLY, reply);
  } catch (error) {
    if (life.aborted) return;
    const { status, message } = error instanceof Refusal ? error : new Refusal(400, 'the request broke off');
    answer(response, status, 'text/plain', Buffer.from(`${message}\n`));
  }
}

function answer(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, connection: 'close' });
  response.end(body);
}

function requireQuery({ url, method, headers }: IncomingMessage, { pathname, search }: URL): void {
  if (url !== `${pathname}${search}`) throw new Refusal(404, 'there is one path, and it is another one');
  if (method !== 'POST') throw new Refusal(405, 'a time stamp is asked for by POST');
  if (headers['content-type'] !== QUERY) throw new Refusal(415, `the content type must be ${QUERY}`);
  if (Number(headers['content-length'] ?? 0) > MAX_QUERY_BYTES) throw tooLarge();
}

const tooLarge = (): Refusal => new Refusal(413, `a query may have ${MAX_QUERY_BYTES} bytes`);

async function readQuery(request: IncomingMessage): Promise<Buffer> {
  // the answer is still to be sent on the connection of a request that is given up
  const { bytes, isWhole } = await readCapped(request.iterator({ destroyOnReturn: false }), MAX_QUERY_BYTES);
  if (!isWhole) throw tooLarge();
  return bytes;
}

async function ask(query: Buffer, life: AbortSignal, relayed: Relayed): Promise<Buffer> {
  try {
    return await fetchReply(query, life, relayed);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : unanswered(errorCodeOf(error) || 'no code');
    if (!life.aborted) relayed.onTrouble(refusal.message);
    throw refusal;
  }
}

const unanswered = (code: string): Refusal =>
  code.endsWith('_TIMEOUT')
    ? new Refusal(504, `it did not answer in time (${code})`)
    : new Refusal(502, `the connection to it failed with ${code}`);

/** The host of the request is that of the authority, and no header of the guest goes along. Redirects are not followed. */
async function fetchReply(
  query: Buffer,
  signal: AbortSignal,
  { authority, answerTimeoutMs = ANSWER_TIMEOUT_MS }: Relayed,
): Promise<Buffer> {
  const connection = await openConnection({
    signal,
    answerTimeoutMs,
    idleTimeoutMs: answerTimeoutMs,
  });
  try {
    const headers = { ...HEADERS, ...authorization(authority) };
    const {
      statusCode,
      headers: said,
      body,
    } = await connection.request(bare(authority), {
      ...{ method: 'POST', headers, body: query },
    });
    if (statusCode !== 200) throw new Refusal(502, `it answered ${statusCode}`);
    if (said['content-type'] !== REPLY) throw new Refusal(502, 'its answer is no time-stamp reply');
    const { bytes, isWhole } = await readCapped(body, MAX_REPLY_BYTES);
    if (!isWhole) throw new Refusal(502, `its answer has more than ${MAX_REPLY_BYTES} bytes`);
    return bytes;
  } finally {
    await connection.close();
  }
}

const HEADERS = {
  'content-type': QUERY,
  accept: REPLY,
  'accept-encoding': 'identity',
  'user-agent': 'perry-ship',
} as const;

/** User and password of an address are sent as rcodesign sends them, and never reach the guest. */
function authorization({ username, password }: URL): { readonly authorization?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function bare(authority: URL): URL {
  const url = new URL(authority);
  url.username = '';
  url.password = '';
  return url;
}
