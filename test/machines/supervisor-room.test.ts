import { describe, expect, test } from 'vitest';
import type { Call } from './stage.ts';
import { beginSupervisor, type SupervisorScene } from './supervisor-scene.ts';

const following = (slots: number, more = {}) =>
  beginSupervisor(slots, { room: slots, followsRoom: true, ...more }).serve();
const change = (scene: SupervisorScene, slots: number) =>
  scene.stage.the('clusterCapacity').say({ type: 'capacity.changed', slots, account: '' });
const working = (scene: SupervisorScene, ...ids: string[]) => ids.filter((id) => scene.hasSlot(id));
const actors = (scene: SupervisorScene) => Object.keys(scene.supervisor.actor.getSnapshot().children);

test('jobs are done as there is room, and the hub hears of it', () => {
  const scene = following(1);
  scene.assignAndWait('a', 'b', 'c');
  expect(working(scene, 'a', 'b', 'c')).toEqual(['a']);
  change(scene, 2);
  expect(working(scene, 'a', 'b', 'c')).toEqual(['a', 'b']);
  expect(scene.hub().heard).toContainEqual({ type: 'hub.slotsChanged', slots: 2 });
  expect(scene.hub().input.slots).toBe(1);
});

test('with less room what runs goes on, and nothing more begins', () => {
  const scene = following(2);
  scene.assignAndWait('a', 'b', 'c');
  change(scene, 0);
  scene.finish('a');
  scene.finish('b');
  expect(working(scene, 'a', 'b', 'c')).toEqual(['a', 'b']);
  change(scene, 1);
  expect(working(scene, 'c')).toEqual(['c']);
});

test('a host that refused a machine is counted off, but of the last slot never', () => {
  const scene = following(3);
  scene.assignAndWait('a');
  scene.conclude('a');
  scene.end('a', { failure: { code: 'VM_LIMIT_REACHED' } as never });
  expect(scene.supervisor.context.quarantined).toBe(1);
  change(scene, 1);
  expect(scene.supervisor.context.quarantined).toBe(0);
  change(scene, 0);
  scene.assignAndWait('b');
  expect(working(scene, 'b')).toEqual([]);
});

test('where a number of jobs is set, room limits the standby machines alone', () => {
  const scene = beginSupervisor(4, { room: 2, followsRoom: false }).serve();
  scene.assignAndWait('a', 'b', 'c', 'd');
  expect(working(scene, 'a', 'b', 'c', 'd')).toEqual(['a', 'b', 'c', 'd']);
  change(scene, 1);
  expect(scene.hub().heard.map(({ type }) => type)).not.toContain('hub.slotsChanged');
  expect(scene.supervisor.context.maxConcurrent).toBe(4);
});

test('standby machines are never more than there is room for, beside those of jobs', () => {
  const scene = beginSupervisor(4, { room: 3, followsRoom: false, standbySize: 4 }).serve();
  for (let call = scene.stage.open('makeVmName')[0]; call; call = scene.stage.open('makeVmName')[0])
    call.answer(`vm-${scene.stage.calls.length}`);
  const clones = () => scene.stage.open('vmLifecycle');
  expect(clones()).toHaveLength(3);
  change(scene, 1);
  const isLeaving = ({ heard }: Call) => heard.some(({ type }) => type === 'vm.releaseRequested');
  expect(clones().filter(isLeaving)).toHaveLength(2);
});

describe('a machine that could not be deleted still has its slot', () => {
  const told = (scene: SupervisorScene) =>
    scene.hub().heard.flatMap((event) => (event.type === 'hub.slotsChanged' ? [event.slots] : []));
  const sweepLeaks = (scene: SupervisorScene, ...gone: string[]) => {
    while (scene.stage.open('sweepLeaks').length === 0) scene.clock.advance(1_000);
    scene.stage.the('sweepLeaks').answer(gone);
  };

  test('one of a job: the next job waits until it is gone', () => {
    const scene = following(2);
    scene.assignAndWait('a', 'b', 'c');
    scene.finish('a', { leakedVm: 'vm-a' });
    expect(working(scene, 'c')).toEqual([]);
    change(scene, 3);
    expect(working(scene, 'c')).toEqual(['c']);
    scene.assignAndWait('d');
    expect(working(scene, 'd')).toEqual([]);
    sweepLeaks(scene, 'vm-a');
    expect(working(scene, 'd')).toEqual(['d']);
  });

  test('the hub is offered what is left, as soon as it lasts', () => {
    const scene = following(2);
    scene.assignAndWait('a');
    scene.finish('a', { leakedVm: 'vm-a' });
    expect(told(scene)).toEqual([]);
    sweepLeaks(scene);
    change(scene, 1);
    sweepLeaks(scene, 'vm-a');
    expect(told(scene)).toEqual([1, 0, 1]);
  });

  test('those of the previous process: no more is made than there is room beside them', () => {
    const scene = beginSupervisor(2, { room: 2, followsRoom: true, standbySize: 2 }).serve([
      'old-1',
      'old-2',
    ]);
    expect(scene.hub().input.slots).toBe(0);
    scene.assignAndWait('a');
    expect(working(scene, 'a')).toEqual([]);
    expect(scene.stage.open('makeVmName')).toEqual([]);
    sweepLeaks(scene, 'old-1', 'old-2');
    expect(working(scene, 'a')).toEqual(['a']);
  });

  test('one that stood by takes the place of a standby machine, also where a number of jobs is set', () => {
    const scene = beginSupervisor(4, { room: 2, followsRoom: false, standbySize: 2 }).serve(['old']);
    scene.stage.the('makeVmName').answer('vm-1');
    expect(scene.stage.open('makeVmName')).toEqual([]);
    expect(scene.stage.open('vmLifecycle')).toHaveLength(1);
    scene.assignAndWait('a', 'b', 'c', 'd');
    // the first is being handed the machine that stands by
    expect(working(scene, 'b', 'c', 'd')).toEqual(['b', 'c', 'd']);
  });

  test('more of them than there is room for leave nothing, and never less', () => {
    const scene = following(1);
    scene.assignAndWait('a', 'b');
    change(scene, 0);
    scene.finish('a', { leakedVm: 'vm-a' });
    expect(working(scene, 'b')).toEqual([]);
    sweepLeaks(scene);
    expect(told(scene)).toEqual([0, 0]);
  });
});

test('a watch that breaks leaves what was seen last', () => {
  const scene = following(2);
  change(scene, 3);
  scene.stage.the('clusterCapacity').fail(new Error('broken'));
  expect(scene.supervisor.is('serving.capacity.fixed')).toBe(true);
  expect(scene.supervisor.context.maxConcurrent).toBe(3);
});

test('nothing is watched where the room does not change', () => {
  expect(actors(beginSupervisor(2).serve())).not.toContain('capacity');
});
