import { toFailure } from '../../machines/contracts/failure.ts';
import { type AppleAnswer, probeApple } from '../adapters/apple/apple-http.ts';
import type { Config } from '../config/load.ts';
import { type Check, type Finding, failed, ok, remark } from './check.ts';

const TIMEOUT_MS = 15_000;
/** Apple refuses tokens that were made in its future, or too long ago. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** Any answer is a good one: nothing is asked for, and no key is used. */
export function appleServices(config: Config): Check[] {
  const { timestampUrl, notaryUrl, appStoreConnectUrl, ticketUrl } = config;
  return [
    timestamps(timestampUrl),
    service("Apple's notary service", notaryUrl),
    service('App Store Connect', appStoreConnectUrl),
    service("Apple's ticket service", ticketUrl),
  ];
}

/** This host asks it for its guests, or they reach it as this host does. */
function timestamps(url: string): Check {
  if (url !== 'none') return service('the time-stamp authority', url);
  const finding = remark(
    'It is switched off, and Apple notarizes nothing without time stamps',
    'Unset PERRY_TIMESTAMP_URL, unless this worker only signs for tests.',
  );
  return { question: 'Does the time-stamp authority answer?', ask: async () => finding };
}

const service = (name: string, address: string): Check => ({
  question: `Does ${name} answer?`,
  ask: async (signal) => {
    const url = new URL(address);
    const startedAt = performance.now();
    try {
      const answer = await probeApple({
        ...{ what: 'A first question', service: name, method: 'GET', url },
        ...{ signal, timeoutMs: TIMEOUT_MS },
      });
      const tookMs = performance.now() - startedAt;
      return clockFinding(answer) ?? ok(`${url.host}, after ${tookMs.toFixed(0)} ms`);
    } catch (error) {
      signal.throwIfAborted();
      const { reason } = toFailure(error);
      return failed(reason, `Open the way from this host to ${url.host}: name service, firewall, proxy.`);
    }
  },
});

function clockFinding({ headers }: AppleAnswer): Finding | undefined {
  const theirTimeMs = Date.parse(String(headers.date ?? ''));
  const aheadMs = Date.now() - theirTimeMs;
  if (Number.isNaN(aheadMs) || Math.abs(aheadMs) <= MAX_CLOCK_SKEW_MS) return undefined;
  const seconds = Math.abs(aheadMs / 1_000).toFixed(0);
  return failed(
    `It does, but the clock of this host is ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`,
    'Set the clock by network time: with another one Apple refuses every key.',
  );
}
