import { assign, enqueueActions, sendTo, setup } from 'xstate';
import { port, type Recipient } from '../contracts/actors.ts';
import type { AlarmChannel, AlarmNotice } from '../contracts/alarm.ts';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { deliveryTimedOut, noticeDropped } from './failures.ts';
import { alarmDeliveryLimits, MOST_ATTEMPTS, MOST_WAITING_NOTICES } from './limits.ts';

export interface DeliveryInput {
  readonly channel: AlarmChannel;
  readonly owner: Recipient<DeliveryReport>;
  /** In the order in which they were told, at first by the process before this one; the first is on its way. */
  readonly waiting: readonly AlarmNotice[];
}

interface Context extends DeliveryInput {
  /** Of the first one. */
  readonly attempts: number;
}

export interface Delivery {
  readonly channel: AlarmChannel;
  readonly notice: AlarmNotice;
  readonly attempts: number;
  /** Null when it was taken. */
  readonly failure: Failure | null;
  /** It is tried again. */
  readonly isTriedAgain: boolean;
}

/** What an alarm-delivery tells the alarm-watch. */
export type DeliveryReport = { type: 'notice.delivered'; delivery: Delivery };

const deliverySetup = setup({
  types: {
    input: {} as DeliveryInput,
    context: {} as Context,
    events: {} as { type: 'notice.wanted'; notice: AlarmNotice },
  },
  actors: {
    /** Runs the command, or calls the webhook, with one notice. */
    deliverNotice: port<void, { channel: AlarmChannel; notice: AlarmNotice }>('deliverNotice'),
  },
  delays: { ...alarmDeliveryLimits },
  guards: {
    hasNext: ({ context }) => context.waiting.length > 0,
    hasAttemptsLeft: ({ context }) => context.attempts < MOST_ATTEMPTS,
  },
  actions: {
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    /** The first one may be on its way: it stays. */
    queue: enqueueActions(({ context, enqueue }, { notice }: { notice: AlarmNotice }) => {
      const { channel, owner, waiting } = context;
      const [first, second] = waiting;
      const isFull = waiting.length >= MOST_WAITING_NOTICES && first !== undefined && second !== undefined;
      enqueue.assign({ waiting: isFull ? [first, ...waiting.slice(2), notice] : [...waiting, notice] });
      if (!isFull) return;
      const lost = { channel, notice: second, attempts: 0, failure: noticeDropped, isTriedAgain: false };
      enqueue.sendTo(owner, { type: 'notice.delivered', delivery: lost } as const);
    }),
    next: assign({ waiting: ({ context }) => context.waiting.slice(1), attempts: 0 }),
    tell: sendTo(
      ({ context }) => context.owner,
      ({ context }, params: { failure: Failure | null; isTriedAgain: boolean }) => {
        const { channel, waiting, attempts } = context;
        const delivery = { channel, notice: waiting[0] as AlarmNotice, attempts, ...params };
        return { type: 'notice.delivered', delivery } as const;
      },
    ),
  },
});

const missed = (failureIn: (scope: never) => Failure) =>
  [
    {
      guard: 'hasAttemptsLeft',
      target: 'pausing',
      actions: {
        type: 'tell',
        params: (scope: unknown) => ({ failure: failureIn(scope as never), isTriedAgain: true }),
      },
    },
    {
      target: 'idle',
      actions: [
        {
          type: 'tell',
          params: (scope: unknown) => ({ failure: failureIn(scope as never), isTriedAgain: false }),
        },
        'next',
      ],
    },
  ] as const;

/**
 * One way to the operator: a command, or a webhook.
 *
 * Promises: notices go out one by one, in the order in which they were told; one that is not taken is tried again, longer
 * each time, and given up after half an hour; what waits meanwhile is bounded; what became of each is told.
 */
export const alarmDeliveryMachine = deliverySetup.createMachine({
  id: 'alarmDelivery',
  description: 'One way to the operator: each notice goes out in its turn, until it is taken or given up.',
  context: ({ input }) => ({ ...input, attempts: 0 }),
  on: { 'notice.wanted': { actions: { type: 'queue', params: ({ event }) => event } } },
  initial: 'idle',
  states: {
    idle: {
      description: 'Every notice was taken or given up.',
      always: { guard: 'hasNext', target: 'delivering' },
    },
    delivering: {
      description: 'One notice is on its way.',
      entry: 'countAttempt',
      invoke: {
        id: 'deliverNotice',
        src: 'deliverNotice',
        input: ({ context }) => ({
          channel: context.channel,
          notice: context.waiting[0] as AlarmNotice,
        }),
        onDone: {
          target: 'idle',
          actions: [{ type: 'tell', params: { failure: null, isTriedAgain: false } }, 'next'],
        },
        onError: missed((scope) => errorOf(scope).failure),
      },
      after: { deliverTimeout: missed(() => deliveryTimedOut) },
    },
    pausing: {
      description: 'It was not taken: a pause, longer each time.',
      after: { retryPause: 'delivering' },
    },
  },
});
