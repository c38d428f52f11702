import { describe, expect, test } from 'vitest';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { beginSupervisor, type SupervisorScene } from './supervisor-scene.ts';

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
    scene.hub().say({ type: 'hub.jobMalformed', jobId: 'm', assignmentId: 'x', failure: { code: 'BAD' } });
    scene.assign('c');
    expect(scene.wishes()).toEqual(['hub.jobUnwanted']);
    scene.relink();
    expect([scene.started(), scene.conclusions()]).toEqual([['a', 'b'], ['m x BAD']]);
    scene.finish('a');
    expect(scene.hasSlot('b')).toBe(true);
    expect(scene.closeAsked()).toBe(0);
    scene.finish('b');
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });

  test('fails no job of a long queue: each one that comes goes back, and none after it', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a', 'b');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.finish('a');
    scene.assign('c');
    scene.relink();
    scene.finish('b');
    expect(scene.conclusions()).toEqual(['job-a a A', 'job-b b A']);
    expect(scene.wishes()).toEqual(['hub.jobUnwanted', 'hub.closeRequested']);
    scene.expectStopped();
  });

  test('does the jobs of a burst that the hub does not take back, and speaks for them on the new link', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.conclude('a');
    for (const id of ['b', 'c', 'd']) scene.assign(id);
    expect(scene.started()).toEqual(['a']);
    scene.end('a');
    expect(scene.closeAsked()).toBe(0);
    scene.relink('b', 'c');
    expect(scene.started()).toEqual(['a', 'b', 'c']);
    expect([scene.closeAsked(), scene.supervisor.is('serving.work.draining')]).toEqual([0, true]);
    expect(scene.hub().heard.filter(({ type }) => type === 'hub.claimConfirmed')).toEqual([
      { type: 'hub.claimConfirmed', jobId: 'job-b' },
      { type: 'hub.claimConfirmed', jobId: 'job-c' },
    ]);
    scene.awaitSlot('b');
    scene.finish('b');
    scene.finish('c');
    scene.expectStopped();
  });

  test('asks anew about jobs on their way back when the link breaks, or another comes, meanwhile', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    const relink = () => {
      scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: null });
      scene.hub().say({ type: 'hub.linkUp' });
    };
    scene.assign('b');
    relink();
    const first = scene.stage.the('probeReturned');
    relink();
    expect(first.isOpen).toBe(false);
    scene.assign('c');
    expect(scene.stage.open('probeReturned')).toEqual([]);
    relink();
    expect(scene.stage.the('probeReturned').input).toEqual({ assignmentIds: ['b', 'c'] });
  });

  test.each([
    ['fails', (scene: SupervisorScene) => scene.stage.the('probeReturned').fail(new Error('no'))],
    ['hangs', (scene: SupervisorScene) => scene.clock.advance(supervisorLimits.probeTimeout)],
  ])('takes a job to be kept by the hub when the question %s: its download shows the truth', (_, end) => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('b');
    scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: 'job-b' });
    scene.hub().say({ type: 'hub.linkUp' });
    end(scene);
    expect(scene.started()).toEqual(['a', 'b']);
  });

  test('does not wait for a hub that went away before it could be asked, once nothing else is left', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('b');
    scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: 'job-b' });
    scene.clock.advance(5 * supervisorLimits.returnTimeout);
    scene.finish('a');
    expect(scene.closeAsked()).toBe(0);
    scene.clock.advance(supervisorLimits.returnTimeout);
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });

  test('while offline ends when the runs have ended, and gives back what the next link brings', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: 'job-a' });
    scene.supervisor.send({ type: 'drain.requested' });
    scene.hub().say({ type: 'hub.jobAssigned', jobId: 'job-a', assignmentId: 'again' });
    scene.hub().say({ type: 'hub.linkUp' });
    expect(scene.heard('a')).toContain('job.adopted');
    scene.assign('b');
    scene.relink();
    scene.finish('a');
    scene.expectStopped();
  });

  test('lets no run wait for a job that the hub took back, neither before nor after it was asked for', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a', 'b');
    scene.run('a').say({ type: 'job.awaitingReassignment', runId: 'a' });
    expect(scene.heard('a')).not.toContain('job.giveWayRequested');
    scene.supervisor.send({ type: 'drain.requested' });
    expect(scene.heard('a').at(-1)).toBe('job.giveWayRequested');
    scene.run('b').say({ type: 'job.awaitingReassignment', runId: 'b' });
    expect(scene.heard('b').at(-1)).toBe('job.giveWayRequested');
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
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'shutdown.requested' });
    expect(scene.wishes()).toEqual(['hub.intakeClosed']);
    scene.assign('d');
    scene.relink();
    expect(scene.conclusions()).toEqual([]);
    for (const id of ['c', 'b', 'a']) scene.finish(id);
    scene.expectStopped();
  });

  test('hands back a job that the hub did not take back: nobody else can', () => {
    const scene = stopping();
    scene.assign('d');
    scene.assign('e');
    scene.relink('d');
    expect(scene.conclusions()).toEqual(['job-d d returned']);
    for (const id of ['c', 'b', 'a']) scene.finish(id);
    scene.expectStopped();
  });

  test('asks the hub to take back a job that it assigned a second time', () => {
    const scene = stopping();
    scene.assign('again', 'job-a');
    scene.relink();
    expect(scene.heard('a')).not.toContain('job.adopted');
    expect(scene.conclusions()).toEqual([]);
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

describe('jobs that the previous process was killed in', () => {
  const answered = (scene: SupervisorScene) =>
    scene.stage.the('interruptedJobs').say({ type: 'interrupted.answered' });
  const interrupted = () => beginSupervisor(1, { interruptedJobIds: ['i'], unsureJobIds: ['u'] });

  test.each([
    ['a drain', ['drain.requested']],
    ['a shutdown', ['drain.requested', 'shutdown.requested']],
  ])('hold up the end by %s until their senders are told', (_, wishes) => {
    const scene = interrupted().serve();
    for (const type of wishes) scene.supervisor.send({ type });
    expect(scene.closeAsked()).toBe(0);
    answered(scene);
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });

  test.each(['drain.requested', 'shutdown.requested'])(
    'are answered also when %s comes before there is a link, which offers nothing then',
    (type) => {
      for (const isBlind of [false, true]) {
        const scene = beginSupervisor(1, { interruptedJobIds: ['i'], standbySize: 1 });
        if (isBlind) scene.stage.the('sweepLeftovers').fail(new Error('no'));
        scene.supervisor.send({ type });
        expect(scene.wishes()).toEqual(['hub.intakeClosed']);
        // a name may have been asked for; no machine gets it
        for (const call of scene.stage.open('makeVmName')) call.answer('v1');
        expect(scene.stage.open('vmLifecycle')).toEqual([]);
        scene.hub().say({ type: 'hub.linkUp' });
        answered(scene);
        expect(scene.closeAsked()).toBe(1);
        scene.expectStopped();
      }
    },
  );

  test.each([
    [
      'is away',
      (scene: SupervisorScene) => scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: null }),
    ],
    ['refuses us', (scene: SupervisorScene) => scene.hub().say({ type: 'hub.refused' })],
  ])('hold up the end for a minute at most when the hub %s', (_, leave) => {
    const scene = interrupted().serve();
    leave(scene);
    scene.supervisor.send({ type: 'drain.requested' });
    scene.clock.advance(supervisorLimits.interruptedTimeout - 1);
    expect(scene.closeAsked()).toBe(0);
    scene.clock.advance(1);
    expect(scene.closeAsked()).toBe(1);
    scene.expectStopped();
  });

  test('hold up nothing once they were answered, or when whoever answers them broke', () => {
    for (const end of [
      answered,
      (scene: SupervisorScene) => scene.stage.the('interruptedJobs').fail(new Error('no')),
    ]) {
      const scene = interrupted().serve();
      end(scene);
      scene.supervisor.send({ type: 'drain.requested' });
      expect(scene.closeAsked()).toBe(1);
      scene.expectStopped();
    }
  });

  test('do not hinder that a job which comes meanwhile goes back, or is done when it is not taken', () => {
    const scene = interrupted().serve();
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('b');
    scene.assign('c');
    answered(scene);
    expect(scene.closeAsked()).toBe(0);
    scene.relink('b');
    expect(scene.started()).toEqual(['b']);
    scene.awaitSlot('b');
    scene.finish('b');
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

  test('gives back a job that comes then, and goes on when the hub has taken it', () => {
    const scene = closing();
    scene.assign('late');
    expect(scene.wishes()).toEqual(['hub.closeRequested', 'hub.jobUnwanted']);
    scene.relink();
    expect([scene.started(), scene.conclusions()]).toEqual([[], []]);
    expect(scene.wishes()).toEqual(['hub.closeRequested', 'hub.jobUnwanted', 'hub.closeRequested']);
    scene.expectStopped();
  });

  test('does the one of several jobs that the hub does not take back, and then ends', () => {
    const scene = closing();
    scene.assign('b');
    scene.assign('c');
    scene.relink('b');
    expect(scene.supervisor.is('serving.work.draining')).toBe(true);
    scene.awaitSlot('b');
    expect([scene.started(), scene.hasSlot('b')]).toEqual([['b'], true]);
    scene.finish('b');
    expect(scene.wishes().at(-1)).toBe('hub.closeRequested');
    scene.expectStopped();
  });

  test('ends after 20 s whatever the link does', () => {
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
