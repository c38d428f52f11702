import { assign, sendTo, setup } from 'xstate';
import type { Recipient } from '../contracts/actors.ts';
import type { AlarmFinding, AlarmPatience, AlarmReport, AlarmStanding } from '../contracts/alarm.ts';

export interface AlarmInput extends AlarmPatience {
  readonly owner: Recipient<AlarmReport>;
  /** The process before this one had told it, and not that it is over. */
  readonly before: AlarmStanding | null;
}

interface Context extends AlarmInput {
  /** What is told, since when; null when there is nothing. */
  readonly standing: AlarmStanding | null;
  /** When it was looked at last. */
  readonly atMs: number;
}

export type AlarmEvent =
  | { type: 'condition.held'; finding: Extract<AlarmFinding, { holds: true }> }
  | { type: 'condition.absent'; finding: Extract<AlarmFinding, { holds: false }> };

const held = ({ event }: { event: Extract<AlarmEvent, { type: 'condition.held' }> }) => event;
const absent = ({ event }: { event: Extract<AlarmEvent, { type: 'condition.absent' }> }) => event;

const alarmSetup = setup({
  types: {
    input: {} as AlarmInput,
    context: {} as Context,
    events: {} as AlarmEvent,
  },
  delays: {
    raiseDelay: ({ context }) => context.raiseAfterMs,
    clearDelay: ({ context }) => context.clearAfterMs,
  },
  guards: {
    wasTold: ({ context }) => context.before !== null,
  },
  actions: {
    /** It keeps the time of its beginning; the sentences are those of the last look. */
    note: assign(({ context }, { finding }: { finding: Extract<AlarmFinding, { holds: true }> }) => ({
      atMs: finding.atMs,
      standing: {
        alarm: context.alarm,
        sinceMs: context.standing?.sinceMs ?? finding.atMs,
        said: finding.said,
      },
    })),
    noteTime: assign({ atMs: (_, { finding }: { finding: AlarmFinding }) => finding.atMs }),
    forget: assign({ standing: null, before: null }),
    tellRaised: sendTo(
      ({ context }) => context.owner,
      ({ context }) =>
        ({
          type: 'alarm.told',
          notice: {
            ...(context.standing as AlarmStanding),
            event: 'raised',
            atMs: context.atMs,
            isRepeated: context.before !== null,
          },
        }) as const,
    ),
    tellOver: sendTo(
      ({ context }) => context.owner,
      ({ context }) =>
        ({
          type: 'alarm.told',
          notice: {
            ...(context.standing as AlarmStanding),
            event: 'over',
            atMs: context.atMs,
            isRepeated: false,
          },
        }) as const,
    ),
  },
});

const note = { actions: { type: 'note', params: held } } as const;

/**
 * One thing that the operator must know of, from when it lasts until it has been over for a while.
 *
 * Promises: it is told once when it begins and once when it is over, and those two take turns; what comes and goes
 * sooner than the delays is not told; one that the process before this one has told is told again only when it is still
 * the case, and otherwise that it is over.
 */
export const alarmMachine = alarmSetup.createMachine({
  id: 'alarm',
  description:
    'One thing that the operator must know of: told once when it begins, and once when it is over.',
  context: ({ input }) => ({ ...input, standing: input.before, atMs: 0 }),
  initial: 'beginning',
  states: {
    beginning: {
      description: 'Had the process before this one told it?',
      always: [{ guard: 'wasTold', target: 'recalled' }, { target: 'quiet' }],
    },
    recalled: {
      description: 'It was told before the restart; the first look says whether it is still the case.',
      on: {
        'condition.held': {
          target: 'raised',
          actions: [{ type: 'note', params: held }, 'tellRaised'],
        },
        'condition.absent': { target: 'clearing', actions: { type: 'noteTime', params: absent } },
      },
    },
    quiet: {
      description: 'There is nothing to tell.',
      entry: 'forget',
      on: { 'condition.held': { target: 'raising', ...note } },
    },
    raising: {
      description: 'It is the case, and may pass by itself.',
      on: { 'condition.held': note, 'condition.absent': 'quiet' },
      after: { raiseDelay: { target: 'raised', actions: 'tellRaised' } },
    },
    raised: {
      description: 'It was told, and is the case.',
      on: {
        'condition.held': note,
        'condition.absent': { target: 'clearing', actions: { type: 'noteTime', params: absent } },
      },
    },
    clearing: {
      description: 'It was told, and seems to be over; it may come back.',
      on: {
        'condition.held': { target: 'raised', ...note },
        'condition.absent': { actions: { type: 'noteTime', params: absent } },
      },
      after: { clearDelay: { target: 'quiet', actions: 'tellOver' } },
    },
  },
});
