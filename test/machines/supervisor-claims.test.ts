import { describe, expect, test } from 'vitest';
import { beginSupervisor, type SupervisorScene } from './supervisor-scene.ts';

const lose = (scene: SupervisorScene, ...runIds: string[]) => {
  for (const runId of runIds) scene.run(runId).say({ type: 'job.awaitingReassignment', runId });
};
const blink = (scene: SupervisorScene) => {
  scene.hub().say({ type: 'hub.linkLost', reason: 'reset', requeuedJobId: null });
  scene.hub().say({ type: 'hub.linkUp' });
};
const drop = (scene: SupervisorScene, runId: string) =>
  scene.run(runId).say({ type: 'job.dropped', runId, jobId: `job-${runId}` });
const asked = (scene: SupervisorScene, ...runIds: string[]) =>
  runIds.filter((runId) => scene.heard(runId).includes('job.giveWayRequested'));

describe('a run whose job the hub took back', () => {
  test('gives way to a job that waits, and to one that comes', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a', 'b');
    blink(scene);
    lose(scene, 'a');
    scene.assignAndWait('c');
    expect(asked(scene, 'a', 'b', 'c')).toEqual(['a']);
    scene.assignAndWait('d');
    expect(asked(scene, 'b')).toEqual([]);
    lose(scene, 'b');
    expect(asked(scene, 'b')).toEqual(['b']);
    drop(scene, 'a');
    scene.end('a');
    expect(scene.hasSlot('c')).toBe(true);
  });

  test('gives way to no more jobs than wait', () => {
    const scene = beginSupervisor(3).serve();
    scene.assignAndWait('a', 'b', 'c');
    blink(scene);
    lose(scene, 'a', 'b', 'c');
    scene.assignAndWait('d');
    expect(asked(scene, 'a', 'b', 'c')).toEqual(['a']);
    drop(scene, 'a');
    scene.assignAndWait('e');
    expect(asked(scene, 'a', 'b', 'c')).toEqual(['a', 'b']);
  });

  test('waits for its job as long as nobody else needs the slot', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a');
    blink(scene);
    lose(scene, 'a');
    scene.assignAndWait('b');
    expect(asked(scene, 'a')).toEqual([]);
    expect(scene.hasSlot('b')).toBe(true);
  });

  test.each([
    ['was handed out to us again', (scene: SupervisorScene) => scene.assign('again', 'job-a')],
    [
      'turns out to be ours',
      (scene: SupervisorScene) =>
        scene.run('a').say({ type: 'job.claimConfirmed', runId: 'a', jobId: 'job-a' }),
    ],
    ['is asked about anew after another break of the link', blink],
  ])('and %s does not give way', (_, come) => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    blink(scene);
    lose(scene, 'a');
    come(scene);
    scene.assignAndWait('b');
    expect(asked(scene, 'a')).toEqual([]);
  });

  test('gets no slot while it waits in the line, and gets one when its job is its own', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b', 'c');
    blink(scene);
    lose(scene, 'b');
    scene.finish('a');
    expect([scene.hasSlot('b'), scene.hasSlot('c')]).toEqual([false, true]);
    scene.run('b').say({ type: 'job.claimConfirmed', runId: 'b', jobId: 'job-b' });
    scene.finish('c');
    expect(scene.hasSlot('b')).toBe(true);
  });
});

test('whose job is whose is told to the hub-connection', () => {
  const scene = beginSupervisor(2).serve();
  scene.assignAndWait('a', 'b');
  blink(scene);
  scene.run('a').say({ type: 'job.claimConfirmed', runId: 'a', jobId: 'job-a' });
  drop(scene, 'b');
  expect(scene.hub().heard.filter(({ type }) => type !== 'hub.report')).toEqual([
    { type: 'hub.claimConfirmed', jobId: 'job-a' },
    { type: 'hub.jobDropped', jobId: 'job-b' },
  ]);
});
