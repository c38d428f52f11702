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
  /** Of the last look. */
  readonly subjects: readonly string[];
  /** When it was looked at last. */
  readonly atMs: number;
}

export type AlarmEvent =
  | { type: 'condition.held'; finding: Held }
  | { type: 'condition.absent'; finding: Extract<AlarmFinding, { holds: false }> };

type Held = Extract<AlarmFinding, { holds: true }>;

/** Of an alarm that is about more than that, the rest is on show, and not told. */
export const MOST_SUBJECTS = 20;

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
    isNews: ({ context: { standing } }, { finding }: { finding: Held }) => {
      const told = standing?.subjects ?? [];
      return told.length < MOST_SUBJECTS && finding.subjects.some((subject) => !told.includes(subject));
    },
  },
  actions: {
    /** It keeps the time of its beginning; the sentences are those of the last look. */
    note: assign(({ context }, { finding }: { finding: Held }) => ({
      atMs: finding.atMs,
      subjects: finding.subjects,
      standing: {
        alarm: context.alarm,
        sinceMs: context.standing?.sinceMs ?? finding.atMs,
        said: finding.said,
        subjects: context.standing?.subjects ?? [],
      },
    })),
    /** What has been told is not told again before the alarm is over, however often it comes and goes. */
    countAsTold: assign(({ context: { standing, subjects } }) => ({
      standing: standing && {
        ...standing,
        subjects: [...new Set([...standing.subjects, ...subjects])].slice(0, MOST_SUBJECTS),
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
    tellChanged: sendTo(
      ({ context }) => context.owner,
      ({ context }) =>
        ({
          type: 'alarm.told',
          notice: {
            ...(context.standing as AlarmStanding),
            event: 'changed',
            atMs: context.atMs,
            isRepeated: false,
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
const hasNews = { guard: { type: 'isNews', params: held }, ...note } as const;
const seemsOver = {
  target: 'clearing',
  actions: { type: 'noteTime', params: absent },
} as const;

/**
 * One thing that the operator must know of, from when it lasts until it has been over for a while.
 *
 * Promises: it is told once when it begins and once when it is over, and those two take turns; between them, each further
 * thing that it is about is told once; what comes and goes sooner than the delays is not told; one that the process before this one has told is told again only when it is still
 * the case, and otherwise that it is over.
 */
export const alarmMachine = alarmSetup.createMachine({
  id: 'alarm',
  description:
    'One thing that the operator must know of: told once when it begins, and once when it is over.',
  context: ({ input }) => ({ ...input, standing: input.before, subjects: [], atMs: 0 }),
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
          actions: [{ type: 'note', params: held }, 'countAsTold', 'tellRaised'],
        },
        'condition.absent': seemsOver,
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
      after: { raiseDelay: { target: 'raised', actions: ['countAsTold', 'tellRaised'] } },
    },
    raised: {
      description: 'It was told, and is the case.',
      on: {
        'condition.held': [{ ...hasNews, target: 'changing' }, note],
        'condition.absent': seemsOver,
      },
    },
    changing: {
      description: 'It was told, and is about something else too by now, which may pass by itself.',
      on: {
        'condition.held': [hasNews, { ...note, target: 'raised' }],
        'condition.absent': seemsOver,
      },
      after: { raiseDelay: { target: 'raised', actions: ['countAsTold', 'tellChanged'] } },
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
