import { Readable } from 'node:stream';

/** A host that is out of reach must not hold up the other way of getting the file. */
const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** Longest silence while the body arrives. */
const BODY_SILENCE_MS = 30_000;

/**
 * Downloads a public file through the proxies of the environment; redirects are followed.
 *
 * @param use - reads the body
 * @throws Error with the reason in plain words · the signal's reason when aborted
 */
export async function proxiedDownload<T>(
  url: string,
  signal: AbortSignal,
  use: (body: Readable) => Promise<T>,
): Promise<T> {
  const { EnvHttpProxyAgent, fetch } = await import('./client.ts');
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_SILENCE_MS,
  });
  try {
    const response = await fetch(url, { dispatcher, signal });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    return await use(Readable.fromWeb(response.body));
  } catch (thrown) {
    signal.throwIfAborted();
    throw new Error(plainReason(thrown), { cause: thrown });
  } finally {
    await dispatcher.destroy();
  }
}

/** undici says only "fetch failed"; what it means is in the cause. */
const plainReason = (thrown: unknown): string => {
  const { message, cause } = thrown as { message?: string; cause?: { message?: string } };
  return cause?.message || message || 'the download failed';
};
