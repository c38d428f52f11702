import { describe, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { imageBuildLimits } from '../../machines/image-build/limits.ts';
import { imageBuildMachine } from '../../machines/image-build/machine.ts';
import { imageBuildPorts } from '../../machines/image-build/ports.ts';
import { deaf, inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const input = {
  name: 'golden',
  vm: { name: 'draft', image: 'base' },
  trialName: 'trial',
  installsXcode: true,
  authorisesKey: true,
};

test('every transition is walked; no machine is named before it was tried out, and none is forgotten', () => {
  const ports = Object.keys(imageBuildPorts).filter((name) => !name.endsWith('Vm') || name === 'discardVm');
  const machine = imageBuildMachine.provide({
    actors: { ...inert(ports), buildVm: deaf, trialVm: deaf },
  } as never);
  const ended = ['kept', 'deleted', 'leaked'].flatMap((outcome) =>
    [null, failure('VM_EXITED')].map((lost) => ({ output: { name: 'draft', outcome, failure: lost } })),
  );
  const tried = ['deleted', 'leaked'].map((outcome) => ({
    output: { name: 'trial', outcome, failure: null },
  }));
  const results = [true, false].map((hasAll) =>
    walk(machine, {
      input: { ...input, installsXcode: hasAll, authorisesKey: hasAll },
      key: (s) =>
        JSON.stringify([
          ...[s.value, s.context.failure !== null, s.context.isCancelled, s.context.currentName],
          ...[s.context.leaked.length, s.context.hostKeyFingerprint, s.context.wasTried, s.status],
        ]),
      samples: {
        'vm.ready': [{ name: 'draft' }],
        'vm.lost': [{ name: 'draft', failure: failure('VM_EXITED') }],
        'xstate.done.actor.surveyHost': [true, false].map((needsPull) => ({ output: { needsPull } })),
        'xstate.done.actor.inspectGuest': [{ output: { osVersion: '15.5' } }],
        'xstate.done.actor.secureSsh': [{ output: { hostKeyFingerprint: 'SHA256:x' } }],
        'xstate.done.actor.machine': ended,
        'xstate.done.actor.trial': tried,
      },
      check: expectPromises,
    }),
  );
  const [all, plain] = results as [(typeof results)[0], (typeof results)[0]];
  expect(all.missing.filter((name) => plain.missing.includes(name))).toEqual([]);
});

function expectPromises(s: AnyMachineSnapshot): void {
  const { failure: why, isCancelled, hostKeyFingerprint, currentName, wasTried } = s.context;
  if (s.value === 'naming') expect([hostKeyFingerprint, wasTried]).toEqual(['SHA256:x', true]);
  if (s.status !== 'done') return;
  expect(s.output.outcome === 'built').toBe(currentName === 'golden' && why === null && !isCancelled);
  if (s.output.outcome === 'failed') expect(why).not.toBeNull();
  expect(Object.keys(s.children)).toEqual([]);
}

function begin() {
  const stage = new Stage();
  const build = stage.start(stage.fill(imageBuildMachine), input);
  const phases: string[] = [];
  build.actor.on('began', ({ phase }: { phase: string }) => phases.push(phase));
  return { stage, clock: stage.clock, build, phases };
}
type Scene = ReturnType<typeof begin>;

const kept = (name: string, outcome: string) => ({ name, outcome, failure: null });
const answer =
  (port: string, output?: unknown) =>
  ({ stage }: Scene) =>
    stage.the(port).answer(output);
const ready =
  (port: string) =>
  ({ stage }: Scene) =>
    stage.the(port).say({ type: 'vm.ready', name: 'x' });

/** The way to each state, each from the one before. */
const way: readonly (readonly [state: string, step: (scene: Scene) => void])[] = [
  ['surveying', () => {}],
  ['pulling.hearing', answer('surveyHost', { needsPull: true })],
  ['making.booting', answer('pullBase')],
  ['making.provisioning.inspecting', ready('buildVm')],
  ['making.provisioning.installingRcodesign', answer('inspectGuest', { osVersion: '15.5' })],
  ['making.provisioning.settingPower', answer('installRcodesign')],
  ['making.provisioning.installingXcode', answer('setPower')],
  ['making.provisioning.authorisingKey', answer('installXcode')],
  ['making.provisioning.securingSsh', answer('authoriseKey')],
  ['making.shuttingDown', answer('secureSsh', { hostKeyFingerprint: 'SHA256:x' })],
  ['checking.booting', answer('buildVm', kept('draft', 'kept'))],
  ['checking.examining', ready('trialVm')],
  ['checking.releasing', answer('examineTrial')],
  ['naming', answer('trialVm', kept('trial', 'deleted'))],
  ['built', answer('nameImage')],
];

function beginAt(state: string): Scene {
  const scene = begin();
  for (const [name, step] of way) {
    step(scene);
    expect(scene.build.is(name), `${name}, not ${JSON.stringify(scene.build.state)}`).toBe(true);
    if (name === state) return scene;
  }
  throw new Error(`no way leads to ${state}`);
}

/** Machines end as they are told to; what was made is deleted. */
function settle({ stage, build }: Scene): void {
  for (const call of stage.open('buildVm')) call.answer(kept('draft', 'deleted'));
  for (const call of stage.open('trialVm')) call.answer(kept('trial', 'deleted'));
  for (const call of stage.open('nameImage')) call.answer();
  for (const call of stage.open('discardVm')) call.answer();
  expect(build.status).toBe('done');
  expect(build.scheduled).toEqual([]);
  expect(stage.open()).toEqual([]);
}

test('the whole way ends with what the operator has to know', () => {
  const { build } = beginAt('built');
  expect(build.output).toEqual({
    ...{ outcome: 'built', failure: null, leaked: [] },
    ...{ hostKeyFingerprint: 'SHA256:x', osVersion: '15.5' },
  });
});

const states = way.map(([state]) => state).filter((state) => state !== 'built');

describe('cancelled', () => {
  test.each(states)('in %s: nothing is left, and it says so', (state) => {
    const scene = beginAt(state);
    scene.build.send({ type: 'cancel.requested' });
    settle(scene);
    expect(scene.build.output).toMatchObject({ outcome: 'cancelled', failure: null, leaked: [] });
    expect(scene.build.context.currentName).toBe(state === 'naming' ? 'golden' : 'draft');
  });

  test('a machine that shuts down at that moment is deleted all the same', () => {
    const scene = beginAt('making.shuttingDown');
    scene.build.send({ type: 'cancel.requested' });
    scene.stage.the('buildVm').answer(kept('draft', 'kept'));
    expect(scene.build.is('discarding')).toBe(true);
    expect(scene.stage.the('discardVm').input).toEqual({ vmName: 'draft' });
    settle(scene);
  });
});

describe('failed', () => {
  const ports = [
    ...['surveyHost', 'pullBase', 'inspectGuest', 'installRcodesign', 'setPower', 'installXcode'],
    ...['authoriseKey', 'secureSsh', 'examineTrial', 'nameImage'],
  ];
  test.each(ports)('%s: the first failure is the one that is told', (port) => {
    const scene = begin();
    for (const [, step] of way) {
      step(scene);
      if (scene.stage.open(port).length > 0) break;
    }
    scene.stage.the(port).fail(failure('A'));
    for (const call of scene.stage.open('buildVm'))
      call.say({ type: 'vm.lost', name: 'draft', failure: failure('B') });
    settle(scene);
    expect(scene.build.output).toMatchObject({ outcome: 'failed', failure: { code: 'A' }, leaked: [] });
  });

  test('a machine that cannot be deleted is named', () => {
    const scene = beginAt('making.booting');
    scene.stage.the('buildVm').answer({ name: 'draft', outcome: 'leaked', failure: failure('VM_EXITED') });
    expect(scene.build.output).toMatchObject({ failure: { code: 'VM_EXITED' }, leaked: ['draft'] });
  });

  test.each([
    ['surveying', imageBuildLimits.surveyTimeout],
    ['pulling.hearing', imageBuildLimits.pullSilence],
    ['making.provisioning.inspecting', imageBuildLimits.inspectTimeout],
    ['making.provisioning.installingRcodesign', imageBuildLimits.rcodesignTimeout],
    ['making.provisioning.settingPower', imageBuildLimits.powerTimeout],
    ['making.provisioning.installingXcode', imageBuildLimits.xcodeTimeout],
    ['making.provisioning.authorisingKey', imageBuildLimits.keyTimeout],
    ['making.provisioning.securingSsh', imageBuildLimits.sshTimeout],
    ['checking.examining', imageBuildLimits.examineTimeout],
    ['naming', imageBuildLimits.nameTimeout],
  ])('%s after %d ms, not a millisecond sooner', (state, limitMs) => {
    const scene = beginAt(state);
    scene.clock.advance(limitMs - 1);
    expect(scene.build.is(state)).toBe(true);
    scene.clock.advance(1);
    expect(scene.build.is(state)).toBe(false);
    settle(scene);
    expect(scene.build.output).toMatchObject({ failure: { code: 'IMAGE_BUILD_TIMED_OUT' } });
  });

  test('a base image that comes slowly is waited for as long as something comes', () => {
    const scene = beginAt('pulling.hearing');
    for (let n = 0; n < 5; n += 1) {
      scene.clock.advance(imageBuildLimits.pullSilence - 1);
      scene.stage.the('pullBase').say({ type: 'base.moved' });
    }
    expect(scene.build.is('pulling.hearing')).toBe(true);
  });
});
