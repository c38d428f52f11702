import type { Recipient } from '../contracts/actors.ts';
import type { HubMessage, HubNews, HubReport } from '../contracts/hub.ts';
import type { Claimed, Outbox, OutboxEntry } from './outbox.ts';

export interface HubConnectionInput {
  readonly owner: Recipient<HubNews>;
  /** Jobs that can be done at the same time; with 0 no job is offered to be done. */
  readonly slots: number;
}

/** What a hello says that we take: jobs, or none any more, so that the hub hands out nothing. */
export type Offer = 'jobs' | 'nothing';

export interface HubConnectionContext extends HubConnectionInput {
  readonly outbox: Outbox;
  /** Jobs that the hub counts as ours on this link: assigned on it, or asked about. Of no other is anything said. */
  readonly claimed: Claimed;
  readonly offer: Offer;
  /** As many slots as the hello of the present link has said; 0 when it offered nothing. */
  readonly saidSlots: number;
  /** Fresh hellos in a row that said another number of slots. */
  readonly reoffers: number;
  /** Links that failed in a row; drives the back-off. */
  readonly failures: number;
  /** Fresh hellos in a row that brought no job. */
  readonly renewals: number;
  /** Mirror of the hub's last-assigned slot: the one job that it re-queues when this link breaks. */
  readonly lastAssignedJobId: string | null;
}

export type SocketCommand =
  | { type: 'socket.hello'; offer: Offer; slots: number }
  | { type: 'socket.deliver'; entries: readonly OutboxEntry[]; droppedNotes: number }
  | { type: 'socket.declineUpdate' }
  | { type: 'socket.beat' }
  | { type: 'socket.close' }
  /** Ends the connection without a farewell; what had come in is still passed on before it is said to be lost. */
  | { type: 'socket.hangUp' };

export type HubConnectionEvent =
  | { type: 'hub.report'; report: HubReport }
  /** The hub was asked about a running job and counts it as ours. */
  | { type: 'hub.claimConfirmed'; jobId: string }
  /** The hub gave the job to somebody else. */
  | { type: 'hub.jobDropped'; jobId: string }
  /** No more jobs are wanted, and the hub may take back the one that it assigned last. */
  | { type: 'hub.intakeClosed' }
  /** No jobs are wanted for a while; what runs goes on, and the hub is to take nothing of it back. */
  | { type: 'hub.intakePaused' }
  | { type: 'hub.intakeResumed' }
  /** A job came that is not wanted any more. */
  | { type: 'hub.jobUnwanted' }
  | { type: 'hub.slotsChanged'; slots: number }
  | { type: 'hub.closeRequested' }
  | { type: 'socket.opened' }
  | { type: 'socket.received'; message: HubMessage }
  | { type: 'socket.heard' }
  | { type: 'socket.confirmed'; seq: number }
  | { type: 'socket.lost'; reason: string };
