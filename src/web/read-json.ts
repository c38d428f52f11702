import type { IncomingMessage } from 'node:http';
import { text, type WebAnswer } from './route.ts';

/** What our page asks for has a few fields. */
const MAX_BODY_BYTES = 16 * 1024;

/** The JSON in the body of a request, undefined when the body is empty; or why it is not read. */
export async function readJson(
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<{ value: unknown } | { refused: WebAnswer }> {
  const bytes = await readAll(request, signal);
  if (!bytes) return { refused: tooLarge };
  if (bytes.length === 0) return { value: undefined };
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return { refused: text(415, 'Send application/json.\n') };
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return { refused: text(400, 'The body is no JSON.\n') };
  }
}

const tooLarge: WebAnswer = {
  ...text(413, `Send at most ${MAX_BODY_BYTES} bytes.\n`),
  // the rest of it is not read
  headers: { connection: 'close' },
};

async function readAll(request: IncomingMessage, signal: AbortSignal): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    size += part.length;
    if (size > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
