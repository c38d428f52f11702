import { type CallbackLogicFunction, fromCallback } from 'xstate';
import type { HubConnectionEvent, SocketCommand } from '../../machines/hub-connection/machine.ts';
import { createBacklog } from '../adapters/hub/backlog.ts';
import { encodeWorkerMessage, type WorkerMessage } from '../adapters/hub/protocol.ts';
import { type HubSocket, openHubSocket } from '../adapters/hub/socket.ts';
import type { Services } from '../run/services.ts';
import { helloOf, SIGNING } from './hello.ts';
import { createAdmission } from './hub-admission.ts';
import { deliver, send, tellFault } from './hub-delivery.ts';
import { type Hearing, hear } from './hub-hearing.ts';
import { createReceipts, type Receipts } from './hub-receipts.ts';

/** The library's own backstop; the statechart gives up sooner. */
const HANDSHAKE_TIMEOUT_MS = 60_000;

type Say = (event: HubConnectionEvent) => void;

/** One link: what it needs, what came in on it, and what was said. */
interface Link {
  readonly say: Say;
  readonly hearing: Hearing;
  readonly receipts: Receipts;
  readonly onFault: (error: unknown) => void;
}

/** Fills the `hubSocket` port: one WebSocket from its opening to its end, in events. */
export const hubSocketLogic = (services: Services) => {
  const admission = createAdmission(services);
  const logic: CallbackLogicFunction<SocketCommand, HubConnectionEvent, undefined> = ({
    sendBack,
    receive,
  }) => {
    const closing = new AbortController();
    const onFault = (error: unknown) => tellFault(services, error);
    let socket: HubSocket | undefined;
    const backlog = createBacklog({
      pause: () => socket?.pause(),
      resume: () => socket?.resume(),
      onFault,
    });
    const say = (message: Parameters<Hearing['say']>[0]) => sendBack({ type: 'socket.received', message });
    const hearing = { services, say, signal: closing.signal, backlog, admission };
    const receipts = receiptsOf(services, sendBack, (payload) => socket?.ping(payload));
    const opening = connect({ say: sendBack, hearing, receipts, onFault });
    opening.then((opened) => {
      socket = opened;
    }, onFault);
    receive((command) => {
      // commands come only after `socket.opened`, so the promise is settled; a link that failed has no listener
      opening.then((opened) => opened && obey(services, opened, receipts, command)).catch(onFault);
    });
    return () => {
      services.takenJobs.linkLost();
      closing.abort(new Error('the link was given up'));
    };
  };
  return fromCallback(logic);
};

function receiptsOf({ vault }: Services, say: Say, ping: (payload: string) => void): Receipts {
  return createReceipts({
    ping,
    onRead: (assignmentIds, seq) => {
      vault.settle(assignmentIds);
      say({ type: 'socket.confirmed', seq });
    },
  });
}

async function connect({ say, hearing, receipts, onFault }: Link): Promise<HubSocket | undefined> {
  const { services, signal, backlog } = hearing;
  const sayHeard = oncePerTurn(() => say({ type: 'socket.heard' }));
  try {
    const socket = await openHubSocket({
      url: services.config.hubUrl,
      signal,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      onMessage: (frame) => {
        sayHeard();
        hear(hearing, frame);
      },
      onPong: (payload) => {
        sayHeard();
        receipts.heard(payload);
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

function obey(services: Services, socket: HubSocket, receipts: Receipts, command: SocketCommand): void {
  switch (command.type) {
    case 'socket.hello':
      say(services, socket, helloOf(services.config, command.offer === 'jobs' ? SIGNING : [], command.slots));
      break;
    case 'socket.declineUpdate':
      say(services, socket, DECLINED);
      break;
    case 'socket.beat':
      receipts.beat();
      break;
    case 'socket.close':
      socket.close();
      break;
    case 'socket.hangUp':
      socket.terminate();
      break;
    case 'socket.deliver':
      deliver(services, socket, receipts, command);
      break;
  }
}

const say = ({ redactor }: Services, socket: HubSocket, message: WorkerMessage): void =>
  send(socket, encodeWorkerMessage(message, redactor.ofWorker));

const DECLINED: WorkerMessage = {
  type: 'updateResult',
  success: false,
  oldVersion: '',
  newVersion: '',
  error: 'sign-only worker: no compiler installed',
};
