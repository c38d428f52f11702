import { assign, emit, enqueueActions, setup } from 'xstate';
import { alarmMachine } from '../alarm/machine.ts';
import { alarmDeliveryMachine, type Delivery, type DeliveryReport } from '../alarm-delivery/machine.ts';
import { port } from '../contracts/actors.ts';
import type {
  AlarmChannel,
  AlarmFinding,
  AlarmNotice,
  AlarmPatience,
  AlarmReport,
  AlarmStanding,
  UndeliveredNotice,
} from '../contracts/alarm.ts';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { alarmWatchLimits } from './limits.ts';

export interface AlarmWatchInput {
  readonly alarms: readonly AlarmPatience[];
  /** What the process before this one had told, and not that it is over. */
  readonly before: readonly AlarmStanding[];
  /** At first, of the process before this one. */
  readonly undelivered: readonly UndeliveredNotice[];
  /** The ways to the operator. */
  readonly channels: readonly AlarmChannel[];
}

interface Context extends AlarmWatchInput {
  readonly raised: readonly AlarmStanding[];
}

export type AlarmWatchNote =
  /** An alarm was raised, has changed, or is over. */
  | { readonly type: 'told'; readonly notice: AlarmNotice }
  /** What the next process has to know. */
  | ({ readonly type: 'memory' } & Pick<Context, 'raised' | 'undelivered'>)
  | { readonly type: 'delivery'; readonly delivery: Delivery }
  /** One look failed; null when it took too long. */
  | { readonly type: 'blind'; readonly failure: Failure | null };

const standingOf = ({ alarm, sinceMs, said, subjects }: AlarmNotice): AlarmStanding => ({
  ...{ alarm, sinceMs, said, subjects },
});

const waitingFor = (
  wanted: AlarmChannel,
  undelivered: readonly UndeliveredNotice[],
): readonly AlarmNotice[] =>
  undelivered.flatMap(({ channel, notice }) => (channel === wanted ? [notice] : []));

const alarmId = (alarm: string): string => `alarm.${alarm}`;
const channelId = (channel: AlarmChannel): string => `delivery.${channel}`;

const watchSetup = setup({
  types: {
    input: {} as AlarmWatchInput,
    context: {} as Context,
    events: {} as AlarmReport | DeliveryReport,
    emitted: {} as AlarmWatchNote,
  },
  actors: {
    alarm: alarmMachine,
    alarmDelivery: alarmDeliveryMachine,
    /** What is the case now; of an alarm about which nothing can be known now, nothing. */
    lookAround: port<readonly AlarmFinding[], void>('lookAround'),
  },
  delays: { ...alarmWatchLimits },
  actions: {
    begin: enqueueActions(({ context, enqueue, self }) => {
      const { alarms, before, channels } = context;
      for (const patience of alarms) {
        const told = before.find(({ alarm }) => alarm === patience.alarm) ?? null;
        const input = { ...patience, owner: self, before: told };
        enqueue.spawnChild('alarm', { id: alarmId(patience.alarm), input });
      }
      for (const channel of channels)
        enqueue.spawnChild('alarmDelivery', {
          id: channelId(channel),
          input: { channel, owner: self, waiting: waitingFor(channel, context.undelivered) },
        });
    }),
    passFindings: enqueueActions(
      ({ context, enqueue }, { findings }: { findings: readonly AlarmFinding[] }) => {
        const known = context.alarms.map(({ alarm }) => alarm);
        for (const finding of findings)
          if (known.includes(finding.alarm))
            enqueue.sendTo(
              alarmId(finding.alarm),
              finding.holds ? { type: 'condition.held', finding } : { type: 'condition.absent', finding },
            );
      },
    ),
    /** What is on show is what is the case now. */
    refresh: assign({
      raised: ({ context }, { findings }: { findings: readonly AlarmFinding[] }) =>
        context.raised.map((standing) => {
          const finding = findings.find(({ alarm }) => alarm === standing.alarm);
          return finding?.holds ? { ...standing, said: finding.said } : standing;
        }),
    }),
    keep: assign({
      raised: ({ context }, { notice }: { notice: AlarmNotice }) => [
        ...context.raised.filter(({ alarm }) => alarm !== notice.alarm),
        ...(notice.event === 'over' ? [] : [standingOf(notice)]),
      ],
    }),
    deliver: enqueueActions(({ context, enqueue }, { notice }: { notice: AlarmNotice }) => {
      const wanted = context.channels.map((channel) => ({ channel, notice }));
      enqueue.assign({ undelivered: [...context.undelivered, ...wanted] });
      for (const channel of context.channels)
        enqueue.sendTo(channelId(channel), { type: 'notice.wanted', notice } as const);
    }),
    /** Bounded by what each way lets wait: what it drops is settled as well. */
    settle: assign({
      undelivered: ({ context }, { delivery }: { delivery: Delivery }) =>
        context.undelivered.filter(
          ({ channel, notice }) =>
            delivery.isTriedAgain || channel !== delivery.channel || notice !== delivery.notice,
        ),
    }),
    remember: emit(
      ({ context: { raised, undelivered } }) => ({ type: 'memory', raised, undelivered }) as const,
    ),
    tell: emit((_, { notice }: { notice: AlarmNotice }) => ({ type: 'told', notice }) as const),
    tellDelivery: emit(
      (_, { delivery }: { delivery: Delivery }) => ({ type: 'delivery', delivery }) as const,
    ),
    tellBlind: emit((_, { failure }: { failure: Failure | null }) => ({ type: 'blind', failure }) as const),
  },
});

/**
 * Looks at the daemon now and then, and tells the operator what should not be.
 *
 * Promises: one look at a time, and never none for long; each alarm has its chart and each way to the operator its own,
 * so that one that hangs holds up no other; what is raised, and what of it has not been delivered, is known at any time.
 */
export const alarmWatchMachine = watchSetup.createMachine({
  id: 'alarmWatch',
  description: 'Looks at the daemon now and then, and tells the operator what should not be.',
  context: ({ input }) => ({
    ...{ ...input, raised: input.before },
    // a way that is not configured any more takes nothing
    undelivered: input.undelivered.filter(({ channel }) => input.channels.includes(channel)),
  }),
  entry: 'begin',
  on: {
    'alarm.told': {
      actions: [
        { type: 'keep', params: ({ event }) => event },
        { type: 'tell', params: ({ event }) => event },
        { type: 'deliver', params: ({ event }) => event },
        'remember',
      ],
    },
    'notice.delivered': {
      actions: [
        { type: 'tellDelivery', params: ({ event }) => event },
        { type: 'settle', params: ({ event }) => event },
        'remember',
      ],
    },
  },
  initial: 'pausing',
  states: {
    pausing: {
      description: 'What was seen is a few seconds old.',
      after: { lookPause: 'looking' },
    },
    looking: {
      description: 'One look at the daemon, its host and its last jobs.',
      invoke: {
        id: 'lookAround',
        src: 'lookAround',
        onDone: {
          target: 'pausing',
          actions: [
            { type: 'refresh', params: ({ event }) => ({ findings: event.output }) },
            { type: 'passFindings', params: ({ event }) => ({ findings: event.output }) },
          ],
        },
        onError: { target: 'pausing', actions: { type: 'tellBlind', params: errorOf } },
      },
      after: {
        lookTimeout: { target: 'pausing', actions: { type: 'tellBlind', params: { failure: null } } },
      },
    },
  },
});
