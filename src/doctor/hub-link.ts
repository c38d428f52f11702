import { encodeWorkerMessage, parseHubFrame } from '../adapters/hub/protocol.ts';
import { type HubSocket, openHubSocket } from '../adapters/hub/socket.ts';
import type { Config } from '../config/load.ts';
import { withDeadline } from '../deadline.ts';
import { ShipError } from '../errors.ts';
import { withoutLogin } from '../observability/status.ts';
import { type Check, type Finding, failed, ok, remark } from './check.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;
/** The hub answers a good hello with nothing, and a bad one at once. */
const REFUSAL_TIMEOUT_MS = 2_000;

export const hubLink = ({ hubUrl }: Config): Check => ({
  question: 'Does the hub answer?',
  ask: async (signal) => {
    const startedAt = performance.now();
    const visit = await visitHub(hubUrl, signal);
    const tookMs = performance.now() - startedAt;
    await visit.leave();
    return ok(`${withoutLogin(hubUrl)}, after ${tookMs.toFixed(0)} ms`);
  },
});

/** Says hello as a worker that can do nothing: the hub gives it no job. */
export const hubGreeting = ({ hubUrl, hubSecret: secret, workerName }: Config): Check => ({
  question: 'Does the hub take the worker secret?',
  ask: async (signal) => {
    const visit = await visitHub(hubUrl, signal).catch(unreachable);
    if (visit === undefined) return NOT_ASKED;
    const hello = {
      type: 'hello',
      capabilities: [],
      name: `${workerName} (doctor)`,
      maxConcurrent: 1,
    } as const;
    await visit.socket.send(encodeWorkerMessage({ ...hello, ...(secret && { secret }) }, (text) => text));
    const answer = await visit.refusal(withDeadline(signal, REFUSAL_TIMEOUT_MS));
    signal.throwIfAborted();
    await visit.leave();
    return findingOf(answer, secret);
  },
});

type Answer = 'refused' | 'closed' | 'none';

function findingOf(answer: Answer, secret: string | undefined): Finding {
  if (answer === 'none')
    return secret === undefined
      ? ok('None is set, and this hub asks for none')
      : ok('It did not refuse the one of PERRY_HUB_WORKER_SECRET');
  const fix = 'Set PERRY_HUB_WORKER_SECRET to the same text as at the hub.';
  if (answer === 'closed') return failed('The hub closed the connection after the hello', fix);
  return failed(
    secret === undefined ? 'None is set, and the hub refuses such a worker' : 'The hub refuses it',
    fix,
  );
}

const NOT_ASKED = remark(
  'Not known: the hub does not answer',
  'Mend the connection to the hub first, then run this again.',
);

function unreachable(error: unknown): undefined {
  if (!(error instanceof ShipError)) throw error;
}

interface HubVisit {
  readonly socket: HubSocket;
  /** How the hub says no, or `none` when the signal comes first. */
  refusal(signal: AbortSignal): Promise<Answer>;
  /** Leaving with a Close frame keeps the hub from counting a worker that is gone. */
  leave(): Promise<void>;
}

async function visitHub(url: string, signal: AbortSignal): Promise<HubVisit> {
  let say: (answer: Answer) => void = () => {};
  const said = new Promise<Answer>((resolve) => {
    say = resolve;
  });
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const socket = await openHubSocket({
    url,
    signal,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    onMessage: (frame) => {
      if (parseHubFrame(frame)?.type === 'authFailed') say('refused');
    },
    onPong: () => {},
    onClose: () => {
      say('closed');
      end();
    },
    onFault: () => say('closed'),
  });
  return {
    socket,
    refusal: (until) => Promise.race([said, aborted(until)]),
    leave: async () => {
      socket.close();
      await ended;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('none');
    signal.addEventListener('abort', () => resolve('none'), { once: true });
  });
