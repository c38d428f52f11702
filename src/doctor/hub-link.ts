import { openHubSocket } from '../adapters/hub/socket.ts';
import type { Config } from '../config/load.ts';
import { type Check, ok, remark } from './check.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;

/** The handshake alone: who says hello is a worker, and may be given a job. */
export const hubLink = ({ hubUrl }: Config): Check => ({
  question: 'Does the hub answer?',
  ask: async (signal) => {
    const startedAt = performance.now();
    const leave = await shakeHands(hubUrl, signal);
    const tookMs = performance.now() - startedAt;
    await leave();
    return ok(`${hubUrl}, after ${tookMs.toFixed(0)} ms`);
  },
});

/** Leaving with a Close frame keeps the hub from counting a ghost. */
async function shakeHands(url: string, signal: AbortSignal): Promise<() => Promise<void>> {
  let onClose = () => {};
  const closed = new Promise<void>((resolve) => {
    onClose = resolve;
  });
  const silence = { onMessage: () => {}, onPong: () => {} };
  const socket = await openHubSocket({
    url,
    signal,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    ...silence,
    onClose: () => onClose(),
  });
  return () => {
    socket.close();
    return closed;
  };
}

export const hubSecret = ({ hubSecret: secret }: Config): Check => ({
  question: 'Is there a worker secret?',
  ask: async () =>
    secret === undefined
      ? remark(
          'None is sent, and most hubs refuse such a worker',
          'Set PERRY_HUB_WORKER_SECRET to the same text as at the hub.',
        )
      : ok('PERRY_HUB_WORKER_SECRET is set'),
});
