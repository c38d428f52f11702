import { randomUUID } from 'node:crypto';
import { type CallbackLogicFunction, fromCallback } from 'xstate';
import { toFailure } from '../../machines/contracts/failure.ts';
import type { HubMessage as KnownMessage } from '../../machines/contracts/hub.ts';
import type { HubConnectionEvent, SocketCommand } from '../../machines/hub-connection/machine.ts';
import { isConclusion, type Letter } from '../../machines/hub-connection/outbox.ts';
import { encodeWorkerMessage, parseHubFrame, type WorkerMessage } from '../adapters/hub/protocol.ts';
import { type HubSocket, openHubSocket } from '../adapters/hub/socket.ts';
import { ShipError } from '../errors.ts';
import { helloOf, SIGNING } from './hello.ts';
import { messagesOf } from './hub-letters.ts';
import type { Services } from './services.ts';

/** The library's own backstop; the statechart gives up sooner. */
const HANDSHAKE_TIMEOUT_MS = 60_000;
/** A ping whose answer only proves that the link lives. */
const HEARTBEAT = 'beat';

type HubFrame = NonNullable<ReturnType<typeof parseHubFrame>>;
type Say = (event: HubConnectionEvent) => void;

/** One link: what it needs, and the order of what comes and goes on it. */
interface Link {
  readonly services: Services;
  readonly say: Say;
  /** Aborted when the link was given up. */
  readonly signal: AbortSignal;
  /** Runs `then` when `before` has ended and after everything that was given here earlier. */
  readonly inOrder: (before: Promise<unknown>, then: () => void) => void;
}

/** Fills the `hubSocket` port: one WebSocket from its opening to its end, in events. */
export const hubSocketLogic = (services: Services) => {
  const logic: CallbackLogicFunction<SocketCommand, HubConnectionEvent, undefined> = ({
    sendBack,
    receive,
  }) => {
    const closing = new AbortController();
    const { signal } = closing;
    const opening = connect({ services, say: sendBack, signal, inOrder: ordered() });
    receive((command) => {
      // commands come only after `socket.opened`, so the promise is settled; a link that failed has no listener
      void opening.then((socket) => socket && obey(services, socket, command));
    });
    return () => {
      services.takenJobs.linkLost();
      closing.abort(new Error('the link was given up'));
    };
  };
  return fromCallback(logic);
};

function ordered(): Link['inOrder'] {
  let turn: Promise<unknown> = Promise.resolve();
  return (before, then) => {
    turn = Promise.allSettled([turn, before]).then(then);
  };
}

async function connect(link: Link): Promise<HubSocket | undefined> {
  const { services, say, signal, inOrder } = link;
  try {
    const socket = await openHubSocket({
      url: services.config.hubUrl,
      signal,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      onMessage: (text) => hear(link, text),
      onPong: (payload) => hearPong(services, payload, say),
      onClose: ({ reason }) => {
        services.takenJobs.linkLost();
        inOrder(Promise.resolve(), () => say({ type: 'socket.lost', reason }));
      },
    });
    say({ type: 'socket.opened' });
    return socket;
  } catch (error) {
    if (!signal.aborted) say({ type: 'socket.lost', reason: (error as Error).message });
    return undefined;
  }
}

/** An assignment is passed on when the journal has it: work that nobody knows of could not be answered for. */
function hear({ services, say, signal, inOrder }: Link, text: string): void {
  say({ type: 'socket.heard' });
  const message = parseHubFrame(text);
  if (!message) return;
  const assignmentId = randomUUID();
  const isJob = message.type === 'jobAssigned' || message.type === 'jobMalformed';
  const taken = isJob ? services.takenJobs.taken(assignmentId, message.jobId) : Promise.resolve();
  inOrder(taken, () => {
    if (signal.aborted) services.takenJobs.settled(assignmentId);
    else say({ type: 'socket.received', message: takenIn(services, message, assignmentId) });
  });
}

/** A defect of ours while an assignment is taken in fails that assignment, and nothing else. */
function takenIn(services: Services, message: HubFrame, assignmentId: string): KnownMessage {
  try {
    return register(services, message, assignmentId);
  } catch (error) {
    if (message.type !== 'jobAssigned') throw error;
    services.logger.error({ job: message.jobId, err: error }, 'an assignment could not be taken in');
    return { type: 'jobMalformed', jobId: message.jobId, assignmentId, failure: toFailure(error) };
  }
}

/** What is secret about an assignment goes into the vault here, and nowhere else. */
function register(services: Services, message: HubFrame, assignmentId: string): KnownMessage {
  const receivedAtMs = Date.now();
  if (message.type === 'jobAssigned') {
    const { type, jobId, ...rest } = message;
    services.vault.put(assignmentId, { jobId, receivedAtMs, ...rest });
    return { type, jobId, assignmentId };
  }
  if (message.type !== 'jobMalformed') return message;
  return {
    type: 'jobMalformed',
    jobId: message.jobId,
    assignmentId,
    failure: malformed(message.problem).failure,
  };
}

const malformed = (problem: string): ShipError =>
  new ShipError('MANIFEST_INVALID', {
    summary: 'The hub handed out this job in a form that cannot be read.',
    reason: `The assignment is wrong at: ${problem}.`,
    nextStep: 'Update the hub or the command-line tool that sent the job, and send it again.',
  });

function hearPong(services: Services, payload: string, say: Say): void {
  say({ type: 'socket.heard' });
  const [seq, ...assignmentIds] = payload.split(' ');
  if (payload === HEARTBEAT || !seq || !/^\d+$/.test(seq)) return;
  for (const assignmentId of assignmentIds) services.vault.settle(assignmentId);
  say({ type: 'socket.confirmed', seq: Number(seq) });
}

function obey(services: Services, socket: HubSocket, command: SocketCommand): void {
  switch (command.type) {
    case 'socket.hello':
      send(services, socket, helloOf(services.config, command.offer === 'jobs' ? SIGNING : []));
      break;
    case 'socket.declineUpdate':
      send(services, socket, DECLINED);
      break;
    case 'socket.beat':
      socket.ping(HEARTBEAT);
      break;
    case 'socket.close':
      socket.close();
      break;
    case 'socket.deliver':
      deliver(services, socket, command.letters, command.droppedNotes);
      break;
  }
}

const DECLINED: WorkerMessage = {
  type: 'updateResult',
  success: false,
  oldVersion: '',
  newVersion: '',
  error: 'sign-only worker: no compiler installed',
};

/** The secret of the hello is meant for the hub: it alone passes unredacted. */
const write = (services: Services, socket: HubSocket, message: WorkerMessage): Promise<void> =>
  socket.send(
    encodeWorkerMessage(message, message.type === 'hello' ? (text) => text : services.redactor.redact),
  );

/**
 * The pong to a ping that was sent after a conclusion proves that the hub's socket has read it: the only receipt
 * that the protocol has.
 */
function deliver(
  services: Services,
  socket: HubSocket,
  letters: readonly Letter[],
  droppedNotes: number,
): void {
  const results = letters.filter(isConclusion);
  if (results.length > 0) services.takenJobs.answering(results.flatMap(assignmentOf));
  if (droppedNotes > 0) services.logger.warn({ droppedNotes }, 'notes were dropped while the hub was away');
  for (const { report } of letters)
    for (const message of frames(services, report)) send(services, socket, message);
  for (const letter of results) socket.ping(receipt(letter));
}

const assignmentOf = ({ report }: Letter): string[] =>
  report.kind === 'conclusion' ? [report.assignmentId] : [];

const frames = (services: Services, report: Letter['report']): WorkerMessage[] =>
  messagesOf(report, {
    durationSeconds: secondsSince(services, report),
    sendsErrors: services.config.hubErrors === 'on',
  });

/** A frame that could not be written is no loss: the end of the link follows, and with it the next try. */
const send = (services: Services, socket: HubSocket, message: WorkerMessage): void =>
  void write(services, socket, message).catch(() => {});

const receipt = ({ seq, report }: Letter): string =>
  report.kind === 'conclusion' ? `${seq} ${report.assignmentId}` : String(seq);

function secondsSince(services: Services, report: Letter['report']): number {
  const receivedAtMs =
    report.kind === 'conclusion' ? services.vault.claim(report.assignmentId)?.receivedAtMs : undefined;
  return receivedAtMs === undefined ? 0 : Math.round((Date.now() - receivedAtMs) / 10) / 100;
}
