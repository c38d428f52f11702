import { describe, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { type DaemonLook, daemonWatchMachine } from '../../machines/daemon-watch/machine.ts';
import { upgradeLimits } from '../../machines/upgrade/limits.ts';
import { upgradeMachine } from '../../machines/upgrade/machine.ts';
import type { FoundDaemon, Survey } from '../../machines/upgrade/ports.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const ports = Object.keys(upgradeMachine.implementations.actors ?? {});
const survey = (daemon: FoundDaemon, more: Partial<Survey> = {}): Survey => ({
  ...{ daemon, wasOnline: true, drainTimeoutMs: 3_600_000, unproven: null },
  ...more,
});
const unproven = { from: '0.1.0', to: '0.2.0' };
const daemons: readonly FoundDaemon[] = ['managed', 'byHand', 'ended', 'none'];

test('every transition is walked, and no end is told that is not so', () => {
  const machine = upgradeMachine.provide({ actors: inert(ports) } as never);
  const watched = ['met', 'died'].map((outcome) => ({ output: { outcome } }));
  const results = [true, false].map((mayChange) =>
    walk(machine, {
      input: { from: '0.1.0', mayChange },
      key: (s) =>
        JSON.stringify([
          ...[s.value, s.context.daemon, s.context.isSwapped, s.context.failure?.code],
          ...[s.context.unproven !== null, s.context.to, s.status],
        ]),
      samples: {
        'xstate.done.actor.surveyHost': daemons.flatMap((daemon) =>
          [null, unproven].map((left) => ({ output: survey(daemon, { unproven: left }) })),
        ),
        'xstate.done.actor.askRegistry': [true, false].map((isCurrent) => ({
          output: { version: '0.2.0', isCurrent },
        })),
        'xstate.done.actor.untilIdle': watched,
        'xstate.done.actor.untilDrained': watched,
        'xstate.done.actor.untilEnded': watched,
        'xstate.done.actor.untilNewServes': watched,
        'xstate.done.actor.untilOldServes': watched,
      },
      check: expectPromises,
    }),
  );
  const [changing, told] = results as [(typeof results)[0], (typeof results)[0]];
  expect(changing.missing.filter((name) => told.missing.includes(name))).toEqual([]);
});

function expectPromises(s: AnyMachineSnapshot): void {
  if (s.status !== 'done') return;
  const { outcome, failure: why } = s.output;
  expect(outcome).toBe(s.value);
  if (['unchanged', 'returned', 'stranded'].includes(outcome)) expect(why).not.toBeNull();
  if (['upgraded', 'planned', 'current'].includes(outcome)) expect(why).toBeNull();
  if (['planned', 'current', 'unchanged'].includes(outcome))
    expect(s.context.isSwapped && s.context.mayChange).toBe(false);
  expect(Object.keys(s.children)).toEqual([]);
}

test('daemon-watch: every transition is walked', () => {
  const look = (more: Partial<DaemonLook>) => ({
    output: {
      ...{ isGone: false, isIdle: false, hasDied: false, version: null, serves: false, isLinked: false },
      ...more,
    },
  });
  const looks = [
    ...[{}, { isGone: true }, { isIdle: true }, { hasDied: true }, { version: '1', serves: true }],
    ...[
      { version: '2', serves: true },
      { version: '2', serves: true, isLinked: true },
    ],
  ].map(look);
  const machine = daemonWatchMachine.provide({ actors: inert(['lookAtDaemon']) } as never);
  const wishes = [{ until: 'gone' }, { until: 'serving', version: '2', needsLink: true }];
  const [gone, serving] = wishes.map((input) =>
    walk(machine, {
      input,
      samples: { 'xstate.done.actor.lookAtDaemon': looks },
    }),
  );
  expect(serving?.missing).toEqual([]);
  expect(gone?.missing).toEqual([expect.stringContaining('died')]);
});

function begin(found: Survey = survey('managed')) {
  const stage = new Stage();
  const upgrade = stage.start(stage.fill(upgradeMachine), { from: '0.1.0', mayChange: true });
  stage.the('surveyHost').answer(found);
  return { stage, upgrade };
}
type Scene = ReturnType<typeof begin>;

const answer =
  (port: string, output?: unknown) =>
  ({ stage }: Scene) =>
    stage.the(port).answer(output);
const met = answer('daemonWatch', { outcome: 'met' });

/** The way to each state, each from the one before. */
const way: readonly (readonly [state: string, step: (scene: Scene) => void])[] = [
  ['asking', () => {}],
  ['installing', answer('askRegistry', { version: '0.2.0', isCurrent: false })],
  ['trying', answer('installBeside')],
  ['draining.yielding.finishing', answer('tryNew')],
  ['draining.yielding.requesting', met],
  ['draining.waiting', answer('requestDrain')],
  ['backingUp', met],
  ['swapping', answer('backUpState')],
  ['starting', answer('swapPrograms')],
  ['proving', answer('startService')],
  ['tidying', met],
  ['upgraded', answer('clearAway')],
];

function beginAt(state: string): Scene {
  const scene = begin();
  for (const [name, step] of way) {
    step(scene);
    expect(scene.upgrade.is(name), `${name}, not ${JSON.stringify(scene.upgrade.state)}`).toBe(true);
    if (name === state) return scene;
  }
  throw new Error(`no way leads to ${state}`);
}

/** Whatever is still asked for goes well. */
function settle({ stage, upgrade }: Scene): readonly string[] {
  const asked: string[] = [];
  for (let [call] = stage.open(); call; [call] = stage.open()) {
    asked.push(call.port);
    call.answer(call.port === 'daemonWatch' ? { outcome: 'met' } : undefined);
  }
  expect(upgrade.status).toBe('done');
  expect(upgrade.scheduled).toEqual([]);
  return asked;
}

const undone = ['stopService', 'daemonWatch', 'swapBack', 'startService', 'daemonWatch', 'clearAway'];

describe('an upgrade that is stopped', () => {
  test.each([
    ['asking', 'unchanged', ['clearAway']],
    ['installing', 'unchanged', ['clearAway']],
    ['trying', 'unchanged', ['clearAway']],
    // jobs run: the daemon takes more again as soon as nobody waits
    ['draining.yielding.finishing', 'unchanged', ['clearAway']],
    // it ends: it has to be started again when it has ended, and is not told to end twice
    ['draining.waiting', 'returned', undone.slice(1)],
    ['backingUp', 'returned', undone.slice(1)],
    ['starting', 'returned', undone],
    ['proving', 'returned', undone],
  ])('in %s is %s', (state, outcome, asked) => {
    const scene = beginAt(state);
    scene.upgrade.send({ type: 'cancel.requested' });
    expect(settle(scene)).toEqual(asked);
    expect(scene.upgrade.output).toMatchObject({ outcome, failure: { code: 'CANCELLED' } });
  });

  test.each(['draining.yielding.requesting', 'swapping', 'tidying'])('in %s is finished', (state) => {
    const scene = beginAt(state);
    scene.upgrade.send({ type: 'cancel.requested' });
    settle(scene);
    expect(scene.upgrade.output).toMatchObject({ outcome: 'upgraded', failure: null });
  });
});

describe('an upgrade that fails', () => {
  const late = (state: string, limit: number | ((given: never) => number)) =>
    [
      state,
      typeof limit === 'number'
        ? limit
        : limit({ context: { drainTimeoutMs: 3_600_000, isSwapped: true } } as never),
    ] as const;
  test.each([
    late('asking', upgradeLimits.registryTimeout),
    late('installing', upgradeLimits.installTimeout),
    late('trying', upgradeLimits.tryTimeout),
    late('draining.yielding.finishing', upgradeLimits.drainTimeout),
    late('draining.yielding.requesting', upgradeLimits.requestTimeout),
    late('draining.waiting', upgradeLimits.endTimeout),
    late('backingUp', upgradeLimits.backUpTimeout),
    late('swapping', upgradeLimits.swapTimeout),
    late('starting', upgradeLimits.startTimeout),
    late('proving', upgradeLimits.proveTimeout),
  ])('%s after %d ms, not a millisecond sooner', (state, limitMs) => {
    const scene = beginAt(state);
    scene.stage.clock.advance(limitMs - 1);
    expect(scene.upgrade.is(state)).toBe(true);
    scene.stage.clock.advance(1);
    expect(scene.upgrade.is(state)).toBe(false);
    settle(scene);
    expect(scene.upgrade.output).toMatchObject({ failure: { code: 'UPGRADE_FAILED' } });
  });

  test('a new daemon that dies is not waited for: the old program gets its place again', () => {
    const scene = beginAt('proving');
    scene.stage.the('daemonWatch').answer({ outcome: 'died' });
    expect(settle(scene)).toEqual(undone);
    expect(scene.upgrade.output).toMatchObject({ outcome: 'returned', daemon: 'managed' });
  });

  test('the first failure is the one that is told, also when the way back fails', () => {
    const scene = beginAt('starting');
    scene.stage.the('startService').fail(failure('A'));
    scene.stage.the('stopService').fail(failure('B'));
    expect(scene.upgrade.output).toMatchObject({ outcome: 'stranded', failure: { code: 'A' } });
  });
});

describe('daemons that no service manager runs', () => {
  test('one that was started by hand ends, and is not started', () => {
    const scene = begin(survey('byHand'));
    for (const [, step] of way.slice(1, 9)) step(scene);
    expect(settle(scene)).toEqual(['clearAway']);
    expect(scene.upgrade.output).toMatchObject({ outcome: 'upgraded', daemon: 'byHand' });
  });

  test('where none runs, none is drained or started', () => {
    const scene = begin(survey('none'));
    for (const [, step] of way.slice(1, 3)) step(scene);
    expect(settle(scene)).toEqual(['tryNew', 'backUpState', 'swapPrograms', 'clearAway']);
  });
});

describe('an upgrade that takes up one that was killed', () => {
  test('starts the daemon that was drained, also when it gets no farther', () => {
    const scene = begin(survey('ended'));
    scene.stage.the('askRegistry').fail(failure('A'));
    expect(settle(scene)).toEqual(undone.slice(1));
    expect(scene.upgrade.output).toMatchObject({ outcome: 'returned', failure: { code: 'A' } });
    const idle = begin(survey('ended'));
    idle.stage.the('askRegistry').answer({ version: '0.1.0', isCurrent: true });
    expect(settle(idle)).toEqual(['startService', 'daemonWatch', 'clearAway']);
  });

  test('proves the program that is in place, or returns', () => {
    const scene = begin(survey('ended', { unproven }));
    expect(scene.upgrade.is('starting')).toBe(true);
    scene.stage.the('startService').answer();
    scene.stage.the('daemonWatch').answer({ outcome: 'died' });
    expect(settle(scene)).toEqual(undone);
    expect(scene.upgrade.output).toMatchObject({ outcome: 'returned', ...unproven });
  });
});
