import { describe, expect, test } from 'vitest';
import { clusterMachineLimits, OTHER_MACHINES } from '../../machines/cluster-machine/limits.ts';
import { clusterMachine } from '../../machines/cluster-machine/machine.ts';
import type { ClusterMachineSaid } from '../../machines/cluster-machine/setup.ts';
import type { ClusterMachineEnd, ClusterMachineView } from '../../machines/contracts/cluster.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const UID = 'uid-1';
const view = (stage: ClusterMachineView['stage'], uid: string | null = UID): ClusterMachineView => ({
  ...{ stage, uid, worker: stage === 'queued' ? null : 'mac-01', message: null },
});
const views = (['queued', 'assigned', 'cloning', 'running', 'failed', 'gone'] as const).map((stage) =>
  view(stage),
);
const others = [view('cloning', 'uid-2'), view('gone', null)];
const errors = [failure('CLUSTER_UNREACHABLE', true), failure('CLUSTER_REFUSED', false)].map((error) => ({
  error,
}));

test('every transition can be taken', () => {
  const actors = inert(['requestMachine', 'lookAtMachine', 'removeMachine']);
  const { missing } = walk(clusterMachine.provide({ actors } as never), {
    samples: {
      'machine.seen': views.map((seen) => ({ view: seen })),
      ...Object.fromEntries(
        ['lookAtMachine', 'lookAgain', 'lookForMachine', 'lookForRemoved', 'lookForLate'].map((id) => [
          `xstate.done.actor.${id}`,
          [...views, ...others].map((output) => ({ output })),
        ]),
      ),
      'xstate.error.actor.lookAtMachine': errors,
      'xstate.error.actor.lookAgain': errors,
      ...Object.fromEntries(
        ['requestMachine', 'requestMachineAgain'].flatMap((id) => [
          [`xstate.done.actor.${id}`, [{ output: UID }, { output: null }]],
          [`xstate.error.actor.${id}`, errors],
        ]),
      ),
    },
    check: ({ context }) => expect(context.missed.length).toBeLessThanOrEqual(OTHER_MACHINES),
  });
  expect(missing).toEqual([]);
});

function begin() {
  const stage = new Stage();
  const machine = stage.start(stage.fill(clusterMachine), undefined);
  const said: ClusterMachineSaid[] = [];
  for (const type of ['started', 'pulled', 'missed', 'concluded'] as const)
    machine.actor.on(type, (event: ClusterMachineSaid) => said.push(event));
  const { clock } = stage;
  return {
    ...{ stage, clock, machine },
    said: (type: ClusterMachineSaid['type']) => said.filter((event) => event.type === type),
    /** The controller's answer to the next look. */
    tell: (answer: ClusterMachineView) => {
      if (stage.open('lookAtMachine').length === 0) clock.advance(lookPause);
      stage.the('lookAtMachine').answer(answer);
    },
    end: () => (said.find(({ type }) => type === 'concluded') as { end: ClusterMachineEnd } | undefined)?.end,
  };
}
type Scene = ReturnType<typeof begin>;

function made(...stages: readonly ClusterMachineView['stage'][]): Scene {
  const scene = begin();
  scene.stage.the('requestMachine').answer(UID);
  for (const stage of stages) scene.tell(view(stage));
  return scene;
}

const { lookPause, queueTimeout, takeTimeout, makeTimeout, pullNotice, silenceTimeout, requestPause } =
  clusterMachineLimits;
const { anotherPause, creationTimeout, removalTimeout, lateTimeout, requestTimeout } = clusterMachineLimits;
const unreachable = () => failure('CLUSTER_UNREACHABLE', true);

test('a machine is followed from the queue to its end, and its start is told once', () => {
  const scene = made('queued', 'cloning', 'running', 'running', 'running');
  expect(scene.said('started')).toEqual([{ type: 'started', worker: 'mac-01' }]);
  scene.machine.send({ type: 'machine.entered' });
  scene.tell(view('failed'));
  expect(scene.end()).toEqual({ why: 'failed', worker: 'mac-01', message: null, missed: [] });
  expect(scene.machine.status).toBe('done');
  expect(scene.clock.pending).toBe(0);
});

test('no worker takes it: its deadline is the end', () => {
  const scene = made('queued');
  while (scene.machine.status !== 'done') {
    for (const look of scene.stage.open('lookAtMachine')) look.answer(view('queued'));
    scene.clock.advance(lookPause);
  }
  expect(scene.clock.nowMs).toBeGreaterThanOrEqual(queueTimeout);
  expect(scene.end()).toMatchObject({ why: 'notAssigned', worker: null, missed: [] });
});

test('the controller says nothing: its deadline is the end', () => {
  const scene = made('running');
  scene.clock.advance(lookPause);
  scene.stage.the('lookAtMachine').fail(unreachable());
  while (scene.machine.status !== 'done') {
    for (const look of scene.stage.open('lookAtMachine')) look.fail(unreachable());
    scene.clock.advance(lookPause);
  }
  expect(scene.clock.nowMs).toBeGreaterThanOrEqual(silenceTimeout);
  expect(scene.end()).toMatchObject({ why: 'unanswered' });
});

describe.each(['CLUSTER_REFUSED', 'CLUSTER_CERTIFICATE_REFUSED'])(
  'a question that is answered by %s',
  (code) => {
    const refuse = (scene: Scene) => {
      scene.clock.advance(lookPause);
      scene.stage.the('lookAtMachine').fail(failure(code, false));
      return scene;
    };

    test.each(['queued', 'cloning'] as const)('ends a machine that is %s, at once', (stage) => {
      expect(refuse(made(stage)).end()).toMatchObject({ why: 'refused' });
      const later = made(stage);
      later.clock.advance(lookPause);
      later.stage.the('lookAtMachine').fail(unreachable());
      expect(later.end()).toBeUndefined();
      expect(refuse(later).end()).toMatchObject({ why: 'refused' });
    });

    test('ends none that runs', () => {
      const entered = made('running');
      entered.machine.send({ type: 'machine.entered' });
      for (const scene of [made('running'), entered]) {
        refuse(refuse(scene));
        expect(scene.machine.is('followed.question.unheard')).toBe(true);
      }
    });
  },
);

test('a controller that was away for a while has lost nothing', () => {
  const scene = made('running');
  for (let count = 0; count < 2; count += 1) {
    scene.clock.advance(lookPause);
    scene.stage.the('lookAtMachine').fail(unreachable());
  }
  scene.clock.advance(lookPause);
  scene.stage.the('lookAtMachine').answer(view('running'));
  expect(scene.machine.is('followed.question.heard.pausing')).toBe(true);
  expect(scene.machine.is('followed.stage.starting')).toBe(true);
});

/** Asks for the next machine, after one that was removed. */
function another({ stage, clock }: Scene, uid: string): void {
  stage.the('removeMachine').answer();
  stage.the('lookAtMachine').answer(view('gone', null));
  expect(stage.open('requestMachine')).toEqual([]);
  clock.advance(anotherPause);
  stage.the('requestMachine').answer(uid);
}

function stay(scene: Scene, seen: ClusterMachineView, ms: number): void {
  scene.tell(seen);
  for (let passedMs = 0; passedMs < ms; passedMs += lookPause) {
    scene.clock.advance(lookPause);
    for (const look of scene.stage.open('lookAtMachine')) look.answer(seen);
  }
}
const stuck = (scene: Scene, uid: string) => stay(scene, view('assigned', uid), takeTimeout);

test('a worker that does not make it: two others are asked for, each after the one before is gone', () => {
  const scene = made();
  for (const uid of [UID, 'uid-2']) {
    stuck(scene, uid);
    expect(scene.machine.is('replacing.removing')).toBe(true);
    another(scene, `${uid === UID ? 'uid-2' : 'uid-3'}`);
  }
  expect(scene.said('missed')).toHaveLength(2);
  stuck(scene, 'uid-3');
  const miss = { why: 'notMade', worker: 'mac-01', message: null };
  expect(scene.end()).toEqual({ ...miss, missed: [miss, miss] });
});

test('a worker that pulls a large image is no stuck one: it is told, and waited for', () => {
  const scene = made('queued', 'assigned');
  stay(scene, view('cloning'), takeTimeout + pullNotice);
  expect(scene.said('pulled')).toEqual([{ type: 'pulled', worker: 'mac-01' }]);
  expect(scene.machine.is('followed.stage.making')).toBe(true);
  scene.tell(view('running'));
  expect(scene.said('missed')).toEqual([]);
});

test('a pull has a deadline too', () => {
  const scene = made();
  stay(scene, { ...view('cloning'), message: 'cloning VM...' }, makeTimeout);
  expect(scene.machine.is('replacing.removing')).toBe(true);
  expect(scene.said('missed')).toEqual([
    { type: 'missed', miss: { why: 'notMade', worker: 'mac-01', message: 'cloning VM...' } },
  ]);
});

test.each(['queued', 'assigned', 'cloning', 'running'] as const)(
  'one that fails after "%s", with nobody inside, is replaced',
  (last) => {
    const scene = made(last, 'failed');
    expect(scene.said('missed')).toEqual([
      { type: 'missed', miss: { why: 'failed', worker: 'mac-01', message: null } },
    ]);
    another(scene, 'uid-2');
    scene.tell(view('running', 'uid-2'));
    expect(scene.machine.is('followed.stage.starting')).toBe(true);
    expect(scene.end()).toBeUndefined();
  },
);

test('one that cannot be removed is not followed by another one', () => {
  const scene = made('cloning', 'failed');
  for (let passedMs = 0; passedMs < removalTimeout; passedMs += requestPause) {
    for (const call of scene.stage.open('removeMachine')) call.fail(unreachable());
    for (const call of scene.stage.open('lookAtMachine')) call.answer(view('failed'));
    scene.clock.advance(requestPause);
  }
  expect(scene.end()).toMatchObject({ why: 'failed' });
  expect(scene.stage.open()).toEqual([]);
});

test('a request that was not answered: the machine is looked for, and asked for again when there is none', () => {
  const scene = begin();
  scene.stage.the('requestMachine').fail(unreachable());
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').fail(unreachable());
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').answer(view('gone', null));
  // the first one came in between
  scene.stage.the('requestMachine').answer(null);
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').answer(view('cloning'));
  expect(scene.machine.is('followed')).toBe(true);
  expect(scene.stage.the('lookAtMachine').input).toEqual({ uid: UID });
});

test('a first request that says nothing is given up, and a name that is taken is left alone', () => {
  const silent = begin();
  silent.clock.advance(requestTimeout);
  expect(silent.machine.is('creating.doubting')).toBe(true);
  const taken = begin();
  taken.stage.the('requestMachine').answer(null);
  expect(taken.end()).toMatchObject({ why: 'taken' });
  const refused = begin();
  refused.stage.the('requestMachine').fail(failure('CLUSTER_REFUSED', false));
  expect(refused.end()).toMatchObject({ why: 'refused' });
});

/** Given up while its first request, or a further one, is under way. */
const givenUp = { requesting: begin, requestingAgain: askedAgain } as const;

function askedAgain(): Scene {
  const scene = begin();
  scene.stage.the('requestMachine').fail(unreachable());
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').answer(view('gone', null));
  return scene;
}

describe.each(Object.entries(givenUp))('given up while %s', (state, start) => {
  const unwanted = () => {
    const scene = start();
    scene.machine.send({ type: 'machine.unwanted' });
    scene.machine.send({ type: 'machine.unwanted' });
    expect(scene.machine.is(`creating.${state}.unwanted`)).toBe(true);
    expect(scene.stage.open('requestMachine')).toHaveLength(1);
    return scene;
  };

  test('the answer is waited for, and is the end: the owner removes what was made', () => {
    const scene = unwanted();
    scene.stage.the('requestMachine').answer(UID);
    expect(scene.said('concluded')).toHaveLength(1);
    expect(scene.end()).toMatchObject({ why: 'unwanted' });
    expect([scene.machine.status, scene.stage.open(), scene.clock.pending]).toEqual(['done', [], 0]);
  });

  test('a refusal is the end', () => {
    const scene = unwanted();
    scene.stage.the('requestMachine').fail(failure('CLUSTER_REFUSED', false));
    expect([scene.machine.status, scene.said('concluded').length]).toEqual(['done', 1]);
  });

  test.each([
    ['a lost answer', (scene: Scene) => scene.stage.the('requestMachine').fail(unreachable())],
    ['no answer', (scene: Scene) => scene.clock.advance(requestTimeout)],
  ])('%s: what comes late is looked for', (_, end) => {
    const scene = unwanted();
    end(scene);
    expect([scene.machine.is('late'), scene.end()?.why]).toEqual([true, 'unwanted']);
    scene.clock.advance(lateTimeout);
    expect([scene.machine.status, scene.stage.open()]).toEqual(['done', []]);
  });
});

test('what comes after everybody has gone is removed, and looked for until nothing can come any more', () => {
  const scene = begin();
  scene.stage.the('requestMachine').fail(unreachable());
  scene.machine.send({ type: 'machine.unwanted' });
  expect(scene.end()).toMatchObject({ why: 'unwanted' });
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').answer(view('gone', null));
  scene.clock.advance(requestPause);
  scene.stage.the('lookAtMachine').answer(view('cloning', 'uid-9'));
  scene.stage.the('removeMachine').answer();
  scene.clock.advance(lateTimeout);
  expect(scene.machine.status).toBe('done');
  expect(scene.said('concluded')).toHaveLength(1);
  expect(scene.stage.open()).toEqual([]);
});

test('a controller that is away for too long ends the creation, and is watched a little longer', () => {
  const scene = begin();
  while (!scene.machine.is('late')) {
    for (const call of scene.stage.open()) call.fail(unreachable());
    scene.clock.advance(requestPause);
  }
  expect(scene.clock.nowMs).toBeGreaterThanOrEqual(creationTimeout);
  expect(scene.end()).toMatchObject({ why: 'unanswered' });
});

test.each(['queued', 'cloning', 'running'] as const)(
  'one that is unwanted when %s is asked about no more',
  (last) => {
    const scene = made(last);
    scene.machine.send({ type: 'machine.unwanted' });
    expect(scene.end()).toMatchObject({ why: 'unwanted' });
    expect(scene.stage.open()).toEqual([]);
    expect(scene.clock.pending).toBe(0);
  },
);
