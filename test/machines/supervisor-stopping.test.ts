import { describe, expect, test } from 'vitest';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { beginSupervisor } from './supervisor-scene.ts';

describe('draining', () => {
  test('without work stops the daemon when the link is closed', () => {
    const scene = beginSupervisor().serve();
    scene.supervisor.send({ type: 'drain.requested' });
    expect([scene.closeAsked(), scene.supervisor.is('serving.work.closing')]).toEqual([1, true]);
    scene.expectStopped();
  });

  test('lets finish what was taken, those in line included, and takes no more', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('c');
    scene.hub().say({ type: 'hub.jobMalformed', jobId: 'm', assignmentId: 'x', failure: { code: 'BAD' } });
    expect([scene.started(), scene.conclusions()]).toEqual([
      ['a', 'b'],
      ['job-c c WORKER_STOPPING', 'm x BAD'],
    ]);
    scene.finish('a');
    expect(scene.hasSlot('b')).toBe(true);
    expect(scene.closeAsked()).toBe(0);
    scene.finish('b');
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });

  test('adopts a second assignment of what still runs', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('again', 'job-a');
    expect(scene.heard('a').at(-1)).toBe('job.adopted');
    expect(scene.conclusions()).toEqual([]);
  });

  test('becomes stopping after its deadline, or when a shutdown is asked for', () => {
    for (const how of ['deadline', 'shutdown']) {
      const scene = beginSupervisor().serve();
      scene.assignAndWait('a');
      scene.supervisor.send({ type: 'drain.requested' });
      scene.clock.advance(supervisorLimits.drainTimeout - 1);
      expect(scene.heard('a')).not.toContain('job.cancelRequested');
      if (how === 'deadline') scene.clock.advance(1);
      else scene.supervisor.send({ type: 'shutdown.requested' });
      expect(scene.run('a').heard.at(-1)).toEqual({ type: 'job.cancelRequested', why: 'shutdown' });
      scene.finish('a');
      scene.expectStopped();
    }
  });
});

describe('stopping', () => {
  const stopping = () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.assign('c');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'shutdown.requested' });
    return scene;
  };

  test('cancels what runs, what waits and what was just taken', () => {
    const scene = stopping();
    for (const id of ['a', 'b', 'c']) expect(scene.heard(id).at(-1)).toBe('job.cancelRequested');
    scene.assign('d');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'shutdown.requested' });
    expect(scene.conclusions()).toEqual(['job-d d WORKER_STOPPING']);
    for (const id of ['c', 'b', 'a']) scene.finish(id);
    scene.expectStopped();
  });

  test('waits two minutes for the machines and not longer', () => {
    const scene = stopping();
    scene.clock.advance(supervisorLimits.stopTimeout - 1);
    expect(scene.closeAsked()).toBe(0);
    scene.clock.advance(1);
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });
});

describe('closing', () => {
  const closing = () => {
    const scene = beginSupervisor().serve();
    scene.supervisor.send({ type: 'drain.requested' });
    return scene;
  };

  test('asks again on each link that comes up, because what is left needs one', () => {
    const scene = closing();
    scene.hub().say({ type: 'hub.linkLost', reason: 'reset', requeuedJobId: null });
    expect(scene.closeAsked()).toBe(1);
    scene.hub().say({ type: 'hub.linkUp' });
    expect(scene.closeAsked()).toBe(2);
    expect(scene.supervisor.is('serving.link.online')).toBe(true);
    scene.expectStopped();
  });

  test('answers an assignment that comes then', () => {
    const scene = closing();
    scene.assign('late');
    expect([scene.started(), scene.conclusions()]).toEqual([[], ['job-late late WORKER_STOPPING']]);
    scene.expectStopped();
  });

  test('ends after 15 s whatever the link does', () => {
    const scene = closing();
    scene.supervisor.send({ type: 'shutdown.requested' });
    scene.clock.advance(supervisorLimits.closeTimeout);
    scene.expectStopped();
  });
});

test.each(['answer', 'fail'] as const)('a link that ends by itself (%s) ends the daemon', (how) => {
  const scene = beginSupervisor().serve();
  scene.hub()[how](new Error('broken'));
  scene.expectStopped();
});
