import { describe, expect, test, vi } from 'vitest';
import { renderFailure } from '../../machines/contracts/failure.ts';
import type { VmReport } from '../../machines/contracts/vm.ts';
import { DELETE_ATTEMPTS, SLOT_ATTEMPTS, vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { address, failure } from './samples.ts';
import { recorder, Stage } from './stage.ts';

function begin() {
  const stage = new Stage();
  const owner = recorder<VmReport>();
  const vm = stage.start(stage.fill(vmLifecycleMachine), {
    name: 'clone',
    image: 'golden',
    owner: owner.ref,
  });
  const lost = () => owner.events.flatMap((event) => (event.type === 'vm.lost' ? [event.failure.code] : []));
  return { stage, clock: stage.clock, owner, vm, lost };
}

const connectPauseMs = (wayRefusals = 0) => vmLimits.connectPause({ context: { wayRefusals } });

type Scene = ReturnType<typeof begin>;

/** The way to each state, each from the one before. */
const way: readonly (readonly [state: string, step: (scene: Scene) => void])[] = [
  ['cloning', () => {}],
  ['alive.booting', ({ stage }) => stage.the('cloneVm').answer()],
  ['alive.locating.asking', ({ stage }) => stage.the('runVm').say({ type: 'vm.started' })],
  ['alive.connecting.attempting', ({ stage }) => stage.the('locateVm').answer(address)],
  ['alive.ready', ({ stage }) => stage.the('connectGuest').answer()],
  ['alive.stopping', ({ vm }) => vm.send({ type: 'vm.releaseRequested' })],
  ['deleting.attempting', ({ stage }) => stage.the('stopVm').answer()],
];

function beginAt(state: string): Scene {
  const scene = begin();
  for (const [name, step] of way) {
    step(scene);
    expect(scene.vm.is(name)).toBe(true);
    if (name === state) return scene;
  }
  throw new Error(`no way leads to ${state}`);
}

function expectDeleted({ stage, vm }: Scene): void {
  for (const call of stage.open('stopVm')) call.answer();
  stage.the('deleteVm').answer();
  expectNothingLeft({ stage, vm } as Scene);
  expect(vm.output.outcome).toBe('deleted');
}

function expectNothingLeft({ stage, vm }: Pick<Scene, 'stage' | 'vm'>): void {
  expect(vm.status).toBe('done');
  expect(vm.scheduled).toEqual([]);
  expect(stage.clock.pending).toBe(0);
  expect(stage.open()).toEqual([]);
}

const alive = way.map(([state]) => state).filter((state) => state !== 'deleting.attempting');

describe('deadlines', () => {
  test.each([
    ['cloning', vmLimits.cloneTimeout, 'deleting.attempting', ['VM_TIMED_OUT']],
    ['alive.booting', vmLimits.bootTimeout, 'alive.stopping', ['VM_TIMED_OUT']],
    ['alive.locating.asking', vmLimits.locateTimeout, 'alive.stopping', ['VM_TIMED_OUT']],
    ['alive.connecting.attempting', vmLimits.connectTimeout, 'alive.stopping', ['VM_TIMED_OUT']],
    ['alive.stopping', vmLimits.stopTimeout, 'deleting.attempting', []],
    ['deleting.attempting', vmLimits.deleteTimeout, 'deleting.pausing', []],
  ])('%s is left after %d ms, not a millisecond sooner', (state, limitMs, next, codes) => {
    const scene = beginAt(state);
    scene.clock.advance(limitMs - 1);
    expect(scene.vm.is(state)).toBe(true);
    scene.clock.advance(1);
    expect(scene.vm.is(next)).toBe(true);
    expect(scene.lost()).toEqual(codes);
  });

  test('a guest that is asked again and again has one deadline for all questions', () => {
    const scene = beginAt('alive.locating.asking');
    const asked = Math.floor(vmLimits.locateTimeout / vmLimits.locatePause);
    for (let n = 0; n < asked; n += 1) {
      scene.stage.the('locateVm').fail(failure('VM_NOT_LOCATED', true));
      expect(scene.vm.is('alive.locating.pausing')).toBe(true);
      scene.clock.advance(vmLimits.locatePause);
    }
    expect(scene.vm.is('alive.stopping')).toBe(true);
    expect(scene.lost()).toEqual(['VM_TIMED_OUT']);
    expectDeleted(scene);
  });

  test('so has a guest that is greeted again and again, at an address that is asked anew', () => {
    const scene = beginAt('alive.connecting.attempting');
    const moved = { ...address, port: 23 };
    scene.stage.the('connectGuest').fail(failure('GUEST_UNREACHABLE', true));
    scene.clock.advance(connectPauseMs());
    scene.stage.the('locateVm').answer(moved);
    expect(scene.stage.the('connectGuest').input.address).toEqual(moved);
    scene.stage.the('connectGuest').fail(failure('GUEST_UNREACHABLE', true));
    scene.clock.advance(connectPauseMs());
    scene.stage.the('locateVm').fail(failure('VM_NOT_LOCATED', true));
    expect(scene.vm.is('alive.connecting.pausing')).toBe(true);
    scene.clock.advance(vmLimits.connectTimeout);
    expect(scene.vm.is('alive.stopping')).toBe(true);
    expect(scene.lost()).toEqual(['VM_TIMED_OUT']);
  });

  test('a controller that refuses the way to the guest is asked less and less often; a guest that boots is not', () => {
    const scene = beginAt('alive.connecting.attempting');
    const pauseAfter = (code: string): number => {
      scene.stage.the('connectGuest').fail(failure(code, true));
      const beganMs = scene.clock.nowMs;
      while (scene.stage.open('locateVm').length === 0) scene.clock.advance(1);
      scene.stage.the('locateVm').answer(address);
      return scene.clock.nowMs - beganMs;
    };
    expect(['GUEST_UNREACHABLE', 'GUEST_UNREACHABLE', 'GUEST_UNREACHABLE'].map(pauseAfter)).toEqual([
      250, 250, 250,
    ]);
    const refused = Array.from({ length: 8 }, () => pauseAfter('CLUSTER_TUNNEL_REFUSED'));
    expect(refused).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    expect(pauseAfter('GUEST_UNREACHABLE')).toBe(250);
  });

  test('what the last attempt has met is said after the deadline', () => {
    const scene = beginAt('alive.connecting.attempting');
    scene.stage
      .the('connectGuest')
      .fail({ ...failure('CLUSTER_TUNNEL_REFUSED', true), reason: 'It said 500.' });
    scene.clock.advance(vmLimits.connectTimeout);
    expectDeleted(scene);
    expect(scene.vm.output.failure).toMatchObject({
      code: 'VM_TIMED_OUT',
      reason: expect.stringContaining('It said 500.'),
    });
  });

  test.each(['CLUSTER_REFUSED', 'CLUSTER_CERTIFICATE_REFUSED'])(
    '%s ends a login at once, the first one and one after the way was cut',
    (code) => {
      const error = failure(code);
      const first = beginAt('alive.connecting.attempting');
      first.stage.the('connectGuest').fail(error);
      const again = beginAt('alive.ready');
      again.stage.the('watchGuest').say({ type: 'guest.lost', reason: 'x', mayReturn: true });
      again.clock.advance(connectPauseMs());
      again.stage.the('locateVm').answer(address);
      again.stage.the('connectGuest').fail(error);
      for (const scene of [first, again]) {
        expect(scene.lost()).toEqual([code]);
        expectDeleted(scene);
      }
    },
  );

  test('a machine that is ready may be so for a day', () => {
    const scene = beginAt('alive.ready');
    expect(scene.vm.scheduled).toEqual([]);
    scene.clock.advance(86_400_000);
    expect(scene.vm.is('alive.ready')).toBe(true);
    expect(scene.owner.types()).toEqual(['vm.ready']);
  });
});

describe('a guest that may return', () => {
  const cutOff = { type: 'guest.lost', reason: 'the controller restarted', mayReturn: true };
  const away = () => {
    const scene = beginAt('alive.ready');
    scene.stage.the('watchGuest').say(cutOff);
    expect(scene.vm.is('alive.returning')).toBe(true);
    return scene;
  };
  const greeted = ({ clock, stage }: Scene) => {
    clock.advance(connectPauseMs());
    stage.the('locateVm').answer(address);
    return stage.the('connectGuest');
  };

  test('is entered again, and is the same machine', () => {
    const scene = away();
    greeted(scene).fail(failure('GUEST_UNREACHABLE', true));
    greeted(scene).answer();
    expect(scene.vm.is('alive.ready.serving')).toBe(true);
    expect(scene.lost()).toEqual([]);
    expect(scene.owner.types()).toEqual(['vm.ready', 'vm.ready']);
  });

  test('is given up after a deadline, when it refuses us, and when it is wanted before it is back', () => {
    const late = away();
    late.clock.advance(vmLimits.returnTimeout);
    expect(late.lost()).toEqual(['VM_TIMED_OUT']);
    const other = away();
    greeted(other).fail(failure('GUEST_HOST_KEY_MISMATCH'));
    expect(other.lost()).toEqual(['GUEST_HOST_KEY_MISMATCH']);
    const wanted = away();
    wanted.vm.send({ type: 'vm.handOverRequested' });
    expect(wanted.lost()).toEqual(['GUEST_LOST']);
    for (const scene of [late, other, wanted]) expectDeleted(scene);
  });

  test('has gone with its machine', () => {
    const scene = away();
    scene.stage.the('runVm').say({ type: 'vm.exited', reason: 'it crashed' });
    expect(scene.lost()).toEqual(['VM_EXITED']);
    expectDeleted(scene);
  });

  test('in which something was done is lost', () => {
    const scene = beginAt('alive.ready');
    scene.stage.the('watchGuest').say({ ...cutOff, mayReturn: false });
    expect(scene.lost()).toEqual(['GUEST_LOST']);
  });
});

describe('release', () => {
  test.each(alive)('asked for in %s ends in a deleted clone, without a complaint', (state) => {
    const scene = beginAt(state);
    scene.vm.send({ type: 'vm.releaseRequested' });
    expect(scene.vm.is(state === 'cloning' ? 'deleting' : 'alive.stopping')).toBe(true);
    expect(scene.lost()).toEqual([]);
    scene.vm.send({ type: 'vm.releaseRequested' });
    expectDeleted(scene);
    expect(scene.vm.output).toEqual({ name: 'clone', outcome: 'deleted', failure: null });
  });

  test('is heard while deleting and while pausing, and changes nothing', () => {
    const scene = beginAt('deleting.attempting');
    scene.vm.send({ type: 'vm.releaseRequested' });
    scene.stage.the('deleteVm').fail(failure('VM_DELETE_FAILED', true));
    scene.vm.send({ type: 'vm.releaseRequested' });
    expect(scene.vm.is('deleting.pausing')).toBe(true);
    scene.clock.advance(vmLimits.deletePause);
    expectDeleted(scene);
  });

  test('aborts what is under way, and holds the process of the machine until it is stopped', () => {
    const scene = beginAt('alive.connecting.attempting');
    const process = scene.stage.the('runVm');
    const greeting = scene.stage.the('connectGuest');
    scene.vm.send({ type: 'vm.releaseRequested' });
    expect([greeting.isOpen, process.isOpen]).toEqual([false, true]);
    scene.stage.the('stopVm').answer();
    expect(process.isOpen).toBe(false);
  });
});

describe('the process of the machine', () => {
  test.each(alive.slice(1))('its end in %s leads straight to the deletion', (state) => {
    const scene = beginAt(state);
    scene.stage.the('runVm').say({ type: 'vm.exited', reason: 'it crashed' });
    expect(scene.vm.is('deleting.attempting')).toBe(true);
    expect(scene.lost()).toEqual(state === 'alive.stopping' ? [] : ['VM_EXITED']);
    expectDeleted(scene);
  });

  test.each(alive.slice(1))('a driver that throws in %s does so as well', (state) => {
    const scene = beginAt(state);
    scene.stage.the('runVm').fail(failure('VM_START_FAILED'));
    expect(scene.vm.is('deleting.attempting')).toBe(true);
    expect(scene.lost()).toEqual(['VM_START_FAILED']);
    expectDeleted(scene);
  });

  test.each([
    ['runVm', 'vm.exited', 'it crashed'],
    ['runVm', 'vm.exited', 'It crashed.'],
    ['watchGuest', 'guest.lost', 'reset by peer'],
  ] as const)('what is told of its end is a sentence of its own: %s, %s', (actor, type, reason) => {
    const scene = beginAt('alive.ready');
    scene.stage.the(actor).say({ type, reason });
    expectDeleted(scene);
    expect(renderFailure(scene.vm.output.failure)).toMatch(/ [a-z]+\. Try again;/);
  });

  test('only the first cause is kept, every one is told', () => {
    const scene = beginAt('alive.ready');
    scene.stage.the('watchGuest').say({ type: 'guest.lost', reason: 'reset by peer' });
    scene.stage.the('runVm').fail(failure('VM_START_FAILED'));
    expectDeleted(scene);
    expect(scene.lost()).toEqual(['GUEST_LOST', 'VM_START_FAILED']);
    expect(scene.vm.output.failure.code).toBe('GUEST_LOST');
  });
});

describe('a step that fails', () => {
  test.each([
    ['cloning', 'cloneVm', 'deleting.attempting'],
    ['alive.locating.asking', 'locateVm', 'alive.stopping'],
    ['alive.connecting.attempting', 'connectGuest', 'alive.stopping'],
    ['alive.ready', 'watchGuest', 'alive.stopping'],
  ])('for good in %s (%s) ends the machine', (state, port, next) => {
    const scene = beginAt(state);
    scene.stage.the(port).fail(failure('BROKEN'));
    expect(scene.vm.is(next)).toBe(true);
    expect(scene.lost()).toEqual(['BROKEN']);
    expectDeleted(scene);
    expect(scene.vm.output.failure.code).toBe('BROKEN');
  });

  test('with something unknown is an internal error that tells nothing', () => {
    const scene = beginAt('cloning');
    scene.stage.the('cloneVm').fail(new Error('password hunter2 is wrong'));
    expect(scene.lost()).toEqual(['INTERNAL_ERROR']);
    expect(JSON.stringify(scene.owner.events)).not.toContain('hunter2');
  });

  test('a machine that cannot be stopped is deleted all the same', () => {
    const scene = beginAt('alive.stopping');
    scene.stage.the('stopVm').fail(failure('VM_STOP_FAILED', true));
    expectDeleted(scene);
  });
});

describe('a clone that cannot be deleted', () => {
  test.each(['fails', 'hangs'])('(each attempt %s) is tried three times, then leaked', (how) => {
    const scene = beginAt('deleting.attempting');
    for (let attempt = 1; attempt <= DELETE_ATTEMPTS; attempt += 1) {
      expect(scene.vm.is('deleting.attempting')).toBe(true);
      if (how === 'fails') scene.stage.the('deleteVm').fail(failure('VM_DELETE_FAILED', true));
      else scene.clock.advance(vmLimits.deleteTimeout);
      if (attempt < DELETE_ATTEMPTS) scene.clock.advance(vmLimits.deletePause);
    }
    expectNothingLeft(scene);
    expect(scene.vm.output).toEqual({ name: 'clone', outcome: 'leaked', failure: null });
    expect(scene.stage.calls.filter(({ port }) => port === 'deleteVm')).toHaveLength(DELETE_ATTEMPTS);
  });

  test('is not leaked when a later attempt helps', () => {
    const scene = beginAt('deleting.attempting');
    scene.stage.the('deleteVm').fail(failure('VM_DELETE_FAILED', true));
    scene.clock.advance(vmLimits.deletePause);
    expectDeleted(scene);
  });
});

test('what comes late changes nothing', () => {
  // the development build of xstate remarks on each event to an actor that has ended
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const scene = beginAt('deleting.attempting');
  const late = ['vm.started', 'vm.exited', 'guest.lost', 'vm.releaseRequested'];
  for (const type of late) scene.vm.send({ type, reason: 'late' });
  for (const call of scene.stage.calls.filter(({ isOpen }) => !isOpen)) call.answer(address);
  expect(scene.vm.is('deleting.attempting')).toBe(true);
  expectDeleted(scene);
  for (const type of late) scene.vm.send({ type, reason: 'late' });
  expect(scene.owner.types()).toEqual(['vm.ready']);
});

test('an answer to an attempt that was given up does not count for the next one', () => {
  const scene = beginAt('deleting.attempting');
  const first = scene.stage.the('deleteVm');
  scene.clock.advance(vmLimits.deleteTimeout + vmLimits.deletePause);
  first.answer();
  expect(scene.vm.is('deleting.attempting')).toBe(true);
  expectDeleted(scene);
});

describe('a host that has no place', () => {
  const refuse = ({ stage }: Scene) =>
    stage.the('runVm').say({ type: 'vm.exited', reason: 'x', failure: failure('VM_LIMIT_REACHED') });
  const pause = (refusals: number) => vmLimits.slotPause({ context: { refusals } });

  test('is asked again, with the same clone, and nothing is lost', () => {
    const scene = beginAt('alive.locating.asking');
    refuse(scene);
    expect(scene.vm.is('awaitingSlot')).toBe(true);
    expect(scene.stage.open()).toEqual([]);
    scene.clock.advance(pause(1));
    expect(scene.vm.is('alive.booting')).toBe(true);
    expect(scene.lost()).toEqual([]);
  });

  test('is called full in the end', () => {
    const scene = beginAt('alive.booting');
    for (let refusals = 1; refusals <= SLOT_ATTEMPTS; refusals += 1) {
      refuse(scene);
      scene.clock.advance(pause(refusals));
    }
    refuse(scene);
    expect(scene.lost()).toEqual(['VM_LIMIT_REACHED']);
    expectDeleted(scene);
  });

  test('keeps no job waiting that has ended', () => {
    const scene = beginAt('alive.booting');
    refuse(scene);
    scene.vm.send({ type: 'vm.releaseRequested' });
    expectDeleted(scene);
  });
});

describe('kept for a golden image', () => {
  const beginShutDown = (): Scene => {
    const scene = beginAt('alive.ready');
    scene.vm.send({ type: 'vm.keepRequested' });
    return scene;
  };

  test('a guest that shuts itself down leaves its clone, however the connection ends', () => {
    const { stage, vm, lost } = beginShutDown();
    stage.the('watchGuest').say({ type: 'guest.lost', reason: 'reset' });
    stage.the('shutDownGuest').fail(failure('GUEST_LOST'));
    stage.the('runVm').say({ type: 'vm.exited', reason: 'the guest shut itself down', inOrder: true });
    expectNothingLeft({ stage, vm });
    expect(vm.output.outcome).toBe('kept');
    expect(lost()).toEqual([]);
  });

  test('one that crashes while it shuts down is deleted', () => {
    const scene = beginShutDown();
    scene.stage.the('runVm').say({ type: 'vm.exited', reason: 'killed' });
    expect(scene.lost()).toEqual(['VM_EXITED']);
    expectDeleted(scene);
  });

  test('one that does not shut down in time is deleted', () => {
    const scene = beginShutDown();
    scene.clock.advance(vmLimits.shutDownTimeout);
    expect(scene.lost()).toEqual(['VM_TIMED_OUT']);
    expectDeleted(scene);
  });
});
