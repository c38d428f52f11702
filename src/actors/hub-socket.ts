import { randomUUID } from 'node:crypto';
import { type CallbackLogicFunction, fromCallback } from 'xstate';
import { toFailure } from '../../machines/contracts/failure.ts';
import type { HubConnectionEvent, SocketCommand } from '../../machines/hub-connection/machine.ts';
import { isConclusion, type Letter } from '../../machines/hub-connection/outbox.ts';
import { type Backlog, createBacklog } from '../adapters/hub/backlog.ts';
import { assignedJobId, encodeWorkerMessage, type WorkerMessage } from '../adapters/hub/protocol.ts';
import { type HubSocket, openHubSocket } from '../adapters/hub/socket.ts';
import type { Services } from '../run/services.ts';
import { secondsTaken } from '../run/vault.ts';
import { helloOf, SIGNING } from './hello.ts';
import { takeIn } from './hub-intake.ts';
import { messagesOf } from './hub-letters.ts';

/** The library's own backstop; the statechart gives up sooner. */
const HANDSHAKE_TIMEOUT_MS = 60_000;
/** A ping whose answer only proves that the link lives. */
const HEARTBEAT = 'beat';

type Say = (event: HubConnectionEvent) => void;

/** One link: what it needs, and what came in on it. */
interface Link {
  readonly services: Services;
  readonly say: Say;
  /** Aborted when the link was given up. */
  readonly signal: AbortSignal;
  readonly backlog: Backlog;
  readonly onFault: (error: unknown) => void;
}

/** Fills the `hubSocket` port: one WebSocket from its opening to its end, in events. */
export const hubSocketLogic = (services: Services) => {
  const logic: CallbackLogicFunction<SocketCommand, HubConnectionEvent, undefined> = ({
    sendBack,
    receive,
  }) => {
    const closing = new AbortController();
    const { signal } = closing;
    const onFault = (error: unknown) => tellFault(services, error);
    let socket: HubSocket | undefined;
    const backlog = createBacklog({
      pause: () => socket?.pause(),
      resume: () => socket?.resume(),
      onFault,
    });
    const opening = connect({ services, say: sendBack, signal, backlog, onFault });
    opening.then((opened) => {
      socket = opened;
    }, onFault);
    receive((command) => {
      // commands come only after `socket.opened`, so the promise is settled; a link that failed has no listener
      opening.then((opened) => opened && obey(services, opened, command)).catch(onFault);
    });
    return () => {
      services.takenJobs.linkLost();
      closing.abort(new Error('the link was given up'));
    };
  };
  return fromCallback(logic);
};

async function connect(link: Link): Promise<HubSocket | undefined> {
  const { services, say, signal, backlog, onFault } = link;
  const sayHeard = oncePerTurn(() => say({ type: 'socket.heard' }));
  try {
    const socket = await openHubSocket({
      url: services.config.hubUrl,
      signal,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      onMessage: (frame) => {
        sayHeard();
        hear(link, frame);
      },
      onPong: (payload) => {
        sayHeard();
        hearPong(services, payload, say);
      },
      onClose: ({ reason }) => {
        services.takenJobs.linkLost();
        backlog.put({ act: () => say({ type: 'socket.lost', reason }) });
      },
      onFault,
    });
    say({ type: 'socket.opened' });
    return socket;
  } catch (error) {
    if (!signal.aborted) say({ type: 'socket.lost', reason: (error as Error).message });
    return undefined;
  }
}

/** An assignment is passed on when the journal has it: work that nobody knows of could not be answered for. */
function hear({ services, say, signal, backlog }: Link, frame: Buffer): void {
  const assignmentId = randomUUID();
  const jobId = assignedJobId(frame);
  const taken = jobId === undefined ? undefined : services.takenJobs.taken(assignmentId, jobId);
  const act = () => {
    if (signal.aborted) return services.takenJobs.settled(assignmentId);
    const message = takeIn(services, frame, assignmentId);
    if (message) say({ type: 'socket.received', message });
  };
  backlog.put({ act, sizeBytes: frame.length, ...(taken && { after: taken }) });
}

/** Whoever hears thousands of frames at once need not say so for each of them. */
function oncePerTurn(act: () => void): () => void {
  let turn: NodeJS.Immediate | undefined;
  return () => {
    if (turn !== undefined) return;
    turn = setImmediate(() => {
      turn = undefined;
    });
    act();
  };
}

/** What came from outside met an error of ours: it ends here. */
const tellFault = ({ logger }: Services, error: unknown): void =>
  logger.error({ err: error }, 'something on the link to the hub could not be dealt with');

function hearPong(services: Services, payload: string, say: Say): void {
  const [seq, ...assignmentIds] = payload.split(' ');
  if (payload === HEARTBEAT || !seq || !/^\d+$/.test(seq)) return;
  for (const assignmentId of assignmentIds) services.vault.settle(assignmentId);
  say({ type: 'socket.confirmed', seq: Number(seq) });
}

function obey(services: Services, socket: HubSocket, command: SocketCommand): void {
  switch (command.type) {
    case 'socket.hello':
      send(
        socket,
        encodeWorkerMessage(
          helloOf(services.config, command.offer === 'jobs' ? SIGNING : []),
          services.redactor.ofWorker,
        ),
      );
      break;
    case 'socket.declineUpdate':
      send(socket, encodeWorkerMessage(DECLINED, services.redactor.ofWorker));
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
  for (const { report } of letters) for (const frame of framesOf(services, report)) send(socket, frame);
  for (const letter of results) socket.ping(receipt(letter));
}

const assignmentOf = ({ report }: Letter): string[] =>
  report.kind === 'conclusion' ? [report.assignmentId] : [];

/** A note that cannot be written is left out; a result is never: then it says that. */
function framesOf(services: Services, report: Letter['report']): string[] {
  const context = {
    durationSeconds: secondsSince(services, report),
    sendsErrors: services.config.hubErrors === 'on',
  };
  try {
    const redact = services.redactor.ofJob(report.jobId);
    return messagesOf(report, context).map((message) => encodeWorkerMessage(message, redact));
  } catch (error) {
    tellFault(services, error);
    if (report.kind === 'note') return [];
    const conclusion = { outcome: 'failed', failure: toFailure(error), stage: null } as const;
    return messagesOf({ ...report, conclusion }, context).map((message) =>
      encodeWorkerMessage(message, (text) => text),
    );
  }
}

/** A frame that could not be written is no loss: the end of the link follows, and with it the next try. */
const send = (socket: HubSocket, frame: string): void => void socket.send(frame).catch(() => {});

const receipt = ({ seq, report }: Letter): string =>
  report.kind === 'conclusion' ? `${seq} ${report.assignmentId}` : String(seq);

function secondsSince(services: Services, report: Letter['report']): number {
  const claim = report.kind === 'conclusion' ? services.vault.claim(report.assignmentId) : undefined;
  return claim === undefined ? 0 : secondsTaken(claim, Date.now());
}
