import type { ClusterMachineEnd } from '../../../../machines/contracts/cluster.ts';
import { type Text, TRY_AGAIN_OR_LOOK } from '../../../../machines/contracts/wording.ts';
import { ShipError } from '../../../errors.ts';
import { plainLine } from '../../../text.ts';
import { errorCodeOf } from '../../http/errors.ts';
import { isCertificateFault } from '../../http/tls-trust.ts';

export function unanswered(what: string, cause: unknown, status?: number): ShipError {
  const code = errorCodeOf(cause);
  if (isCertificateFault(code)) return notTrusted(what, code, cause);
  return new ShipError('CLUSTER_UNREACHABLE', {
    summary: `${what} was not answered by the controller of the cluster.`,
    reason:
      status === undefined
        ? `The connection ended with ${code || 'no code, or after the deadline'}.`
        : `It answered with the HTTP status ${status}.`,
    nextStep: 'Check that the controller runs and can be reached from this host, then try again.',
    ...(cause !== undefined && { cause }),
  });
}

/** The credentials have not been sent. */
const notTrusted = (what: string, code: string, cause: unknown): ShipError =>
  new ShipError('CLUSTER_CERTIFICATE_REFUSED', {
    summary: `${what} was not sent: whoever answers is not known to be the controller of the cluster.`,
    reason: `The connection ended with ${code}.`,
    nextStep:
      'Let PERRY_ORCHARD_CA_FILE name the certificate of the controller, or PERRY_ORCHARD_FINGERPRINT give its SHA-256; "perry-ship doctor" shows the one that was presented.',
    cause,
  });

export const refused = (what: string, status: number): ShipError => {
  const { meaning, nextStep } = refusals[status] ?? notTakenAsIs;
  return new ShipError('CLUSTER_REFUSED', {
    summary: `${what} was refused by the controller of the cluster.`,
    reason: `It answered with the HTTP status ${status}, ${meaning}.`,
    nextStep,
  });
};

type Refusal = Readonly<Record<'meaning' | 'nextStep', string>>;
const notTakenAsIs: Refusal = {
  meaning: 'which Orchard 0.55.0 does not give to such a request',
  nextStep:
    'Run "perry-ship doctor", which says which version answers; look for what stands between this host and the controller, e.g. a proxy, and let it change nothing.',
};
const ofProxy: Refusal = {
  meaning: 'which is none of Orchard: a proxy or a firewall on the way gives it',
  nextStep: 'Let what stands between this host and the controller pass the requests of this host.',
};
const refusals: Readonly<Record<number, Refusal>> = {
  401: {
    meaning: 'as it does for a wrong token, for an account that was removed, and for a missing role',
    nextStep:
      'Give the service account of PERRY_ORCHARD_SERVICE_ACCOUNT the roles compute:read and compute:write, and set PERRY_ORCHARD_TOKEN, or what PERRY_ORCHARD_TOKEN_FILE names, to its token.',
  },
  403: ofProxy,
  407: ofProxy,
};

export const answerNotUnderstood = (what: string): ShipError =>
  new ShipError('CLUSTER_ANSWER_INVALID', {
    summary: `${what} was answered in a form that is not known.`,
    reason: 'The answer is not what the controller of Orchard 0.55.0 says.',
    nextStep: 'Check that the address is that of an Orchard controller, version 0.55.0.',
  });

export const nameTaken = (name: string): ShipError =>
  new ShipError('VM_CLONE_FAILED', {
    summary: `The machine "${name}" was not made.`,
    reason: 'The cluster has a machine of that name.',
    nextStep: 'Try again: another name is used.',
  });

export const notTaken = (image: string, status: number, said: unknown): ShipError =>
  new ShipError('VM_CLONE_FAILED', {
    summary: `The cluster made no machine of the image "${image}".`,
    reason: `Its controller answered with the HTTP status ${status}.`,
    nextStep: 'Look into the log for what it said, and check the name of the image.',
    detail: { said: messageIn(said) },
  });

const MAX_SAID = 500;

/** What the controller has to say, and no more of its answer: a server may echo what it was sent, credentials as well. */
function messageIn(said: unknown): string | undefined {
  const { message } = (said ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? plainLine(message, MAX_SAID) : undefined;
}

/** Texts of tart 2.32.1 that a worker of 0.55.0 passes on, first match wins. */
const explanations = [
  {
    text: /does not exist|UnexpectedHTTPStatusCode|Error pulling image/i,
    code: 'VM_IMAGE_MISSING',
    reason: 'Its host has no such image, and could not pull it.',
    nextStep:
      'Pull the image on every host of the cluster with "tart pull", as the user that runs Orchard there, or correct its name.',
  },
  {
    text: /softnet/i,
    code: 'VM_HOST_NOT_READY',
    reason: 'The packet filter Softnet did not run on its host.',
    nextStep:
      'Install Softnet 0.19.0 or newer on every host of the cluster, or set PERRY_GUEST_NETWORK=shared.',
  },
  {
    text: /exceeds the system limit|maximum supported number of active/i,
    code: 'VM_LIMIT_REACHED',
    reason: 'Its host runs as many macOS guests as macOS allows; some are not the cluster’s.',
    nextStep: 'Quit other virtual machines on that host, then try again.',
  },
  {
    text: /lost connection|lost track|doesn't exist anymore/i,
    code: 'VM_EXITED',
    reason: 'The cluster lost its host.',
    nextStep: 'Try again: another host is used. Check the Mac that was lost.',
  },
] as const;

/**
 * Why a machine did not come to run. Workers are named to the person at the terminal and in the log; what they said is
 * for the log alone.
 */
export function notStarted(image: string, end: ClusterMachineEnd): ShipError {
  const { why, worker, message, missed } = end;
  const detail = { worker, message, missed };
  const summary = `The machine of the image "${image}" was not started in the cluster.`;
  const hosts = hostsOf(end);
  const known = explanations.find(({ text }) => text.test(message ?? ''));
  if (why === 'failed' && known) {
    const reason = { hub: known.reason, terminal: `${known.reason}${hosts && ` Asked were: ${hosts}.`}` };
    return new ShipError(known.code, { summary, reason, nextStep: known.nextStep, detail });
  }
  return new ShipError(CODES[why] ?? 'VM_CLONE_FAILED', {
    ...{ summary, detail },
    ...waits[why](hosts || 'unknown'),
  });
}

const CODES: Partial<Record<ClusterMachineEnd['why'], 'CLUSTER_FULL' | 'CLUSTER_UNREACHABLE'>> = {
  notAssigned: 'CLUSTER_FULL',
  unanswered: 'CLUSTER_UNREACHABLE',
};

/** Names of all that had it, in order, each once. */
const hostsOf = ({ worker, missed }: ClusterMachineEnd): string =>
  [...new Set([...missed.map((miss) => miss.worker), worker])]
    .filter((name) => name !== null)
    .map((name) => `"${name}"`)
    .join(', ');

type Words = Readonly<Record<'reason' | 'nextStep', Text>>;
const unanswering: Words = {
  reason: 'The controller has said nothing for long.',
  nextStep: 'Check that the controller runs and can be reached from this host, then try again.',
};
const waits: Readonly<Record<ClusterMachineEnd['why'], (hosts: string) => Words>> = {
  notAssigned: () => ({
    reason:
      'No free host took it before its deadline: all are busy, paused, silent or wrong in their clock, or lack its labels.',
    nextStep: {
      hub: TRY_AGAIN_OR_LOOK.hub,
      terminal:
        'Run "perry-ship doctor", which says of each worker why it takes none; add a Mac, or take less at a time.',
    },
  }),
  notMade: (hosts) => ({
    reason: {
      hub: 'The hosts that had it did not start it before its deadline.',
      terminal: `These hosts had it, and did not start it before its deadline: ${hosts}.`,
    },
    nextStep: {
      hub: TRY_AGAIN_OR_LOOK.hub,
      terminal: `Restart Orchard on ${hosts}, and look there for machines that it did not make.`,
    },
  }),
  failed: (hosts) => ({
    reason: { hub: 'No host that had it could make it.', terminal: `It could not be made by ${hosts}.` },
    nextStep: TRY_AGAIN_OR_LOOK,
  }),
  gone: () => ({
    reason: 'Somebody else has removed it.',
    nextStep: {
      hub: TRY_AGAIN_OR_LOOK.hub,
      terminal:
        'Try again; find out who deletes machines of this cluster: a perry-ship whose state directory is a copy of this one does, when it starts.',
    },
  }),
  refused: () => unanswering,
  taken: () => unanswering,
  unanswered: () => unanswering,
  unwanted: () => ({ reason: 'It was given up before.', nextStep: TRY_AGAIN_OR_LOOK }),
};

/**
 * How a machine ended that ran, in plain words; which host it was is said in the log.
 *
 * @param refusal - of the controller, when it was asked last
 */
export const endingOf = (
  { why, message }: Pick<ClusterMachineEnd, 'why' | 'message'>,
  refusal?: unknown,
): string => {
  if (why === 'gone' || why === 'unwanted') return 'it was removed from the cluster';
  if (why === 'unanswered')
    return `the controller of the cluster has said nothing of it for long${refusal instanceof ShipError ? `. ${refusal.failure.summary} ${refusal.failure.reason}` : ''}`;
  if (/lost connection|doesn't exist anymore/.test(message ?? '')) return 'the cluster lost its host';
  if (/lost track/.test(message ?? '')) return 'its host was restarted';
  return 'it ended by itself on its host';
};

export const notMade = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It was not made by this process.',
    nextStep: 'Nothing: it is deleted, and another one made.',
  });

export const alreadyRunning = (name: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: `The machine "${name}" could not be started.`,
    reason: 'It is running already.',
    nextStep: 'Report this run to the maintainers.',
  });

export const notLocated = (name: string): ShipError =>
  new ShipError('VM_NOT_LOCATED', {
    summary: `The machine "${name}" does not run in the cluster.`,
    reason: 'It was not made by this process, or has ended.',
    nextStep: 'Ask again.',
  });

export const notOurs = (name: string): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: `The machine "${name}" is not one of this daemon's making.`,
    reason: 'Its name is not of the form that this daemon gives.',
    nextStep: 'Report this run to the maintainers.',
  });
