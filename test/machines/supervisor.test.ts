import { describe, expect, test } from 'vitest';
import { MAX_WAITING_JOBS, supervisorLimits } from '../../machines/supervisor/limits.ts';
import { failure } from './samples.ts';
import { beginSupervisor, type SupervisorScene, vmOf } from './supervisor-scene.ts';

describe('the first sweep', () => {
  test('comes before the link', () => {
    const scene = beginSupervisor();
    expect(scene.stage.open().map(({ port }) => port)).toEqual(['sweepLeftovers']);
    expect(scene.stage.the('sweepLeftovers').input).toEqual({ instance: '0a1b2c3d' });
    scene.serve();
    expect(scene.stage.open().map(({ port }) => port)).toEqual(['hubConnection', 'interruptedJobs']);
  });

  const blind = (how: string) => {
    const scene = beginSupervisor();
    if (how === 'fails') scene.stage.the('sweepLeftovers').fail(failure('A'));
    else scene.clock.advance(supervisorLimits.sweepTimeout);
    expect(scene.supervisor.is('listFailed')).toBe(true);
    return scene;
  };

  test.each(['fails', 'hangs'])('that %s is made again before any job is taken', (how) => {
    const scene = blind(how);
    expect(scene.stage.open()).toEqual([]);
    scene.clock.advance(supervisorLimits.sweepPause);
    scene.serve([vmOf('old')]);
    expect(scene.supervisor.context.leaked).toEqual([vmOf('old')]);
  });

  test.each(['drain.requested', 'shutdown.requested'])('ends with %s, and so does the pause', (type) => {
    for (const scene of [beginSupervisor(), blind('fails')]) {
      scene.supervisor.send({ type });
      scene.expectStopped();
    }
  });
});

describe('a place that the host refuses a machine', () => {
  const refused = { failure: failure('VM_LIMIT_REACHED', true) };

  test('is out of service for a while: those in line wait instead of failing as well', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a', 'b', 'c', 'd');
    scene.finish('b', refused);
    expect(['c', 'd'].map(scene.hasSlot)).toEqual([false, false]);
    scene.finish('a');
    expect(['c', 'd'].map(scene.hasSlot)).toEqual([true, false]);
    scene.clock.advance(supervisorLimits.quarantineTime - 1);
    expect(scene.hasSlot('d')).toBe(false);
    scene.clock.advance(1);
    expect(scene.hasSlot('d')).toBe(true);
  });

  test('is never the last one, and each refusal begins the wait anew', () => {
    const scene = beginSupervisor(2).serve();
    scene.assignAndWait('a', 'b', 'c', 'd');
    scene.finish('a', refused);
    scene.clock.advance(supervisorLimits.quarantineTime - 1);
    scene.finish('b', refused);
    expect([scene.hasSlot('c'), scene.supervisor.context.quarantined]).toEqual([true, 1]);
    scene.clock.advance(1);
    expect(scene.hasSlot('d')).toBe(false);
    scene.clock.advance(supervisorLimits.quarantineTime);
    expect(scene.hasSlot('d')).toBe(true);
  });

  test('with one place it stays in service, and nothing is left of the wait when the daemon ends', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.finish('a', refused);
    expect(scene.hasSlot('b')).toBe(true);
    scene.finish('b');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.expectStopped();
  });
});

describe('slots', () => {
  test('are given in the order of arrival, never more than there are', () => {
    const scene = beginSupervisor(2).serve();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    scene.assignAndWait(...ids);
    const holding = () => ids.filter(scene.hasSlot);
    expect(holding()).toEqual(['a', 'b']);
    scene.conclude('b');
    expect(holding()).toEqual(['a', 'b']);
    scene.end('b');
    expect(holding()).toEqual(['a', 'b', 'c']);
    scene.finish('a');
    scene.finish('c');
    expect(holding()).toEqual(ids);
  });

  test('are for jobs that turned out to be sound, whenever they did', () => {
    const scene = beginSupervisor(1).serve();
    for (const id of ['a', 'b', 'c']) scene.assign(id);
    expect(scene.hasSlot('a')).toBe(false);
    scene.awaitSlot('c');
    scene.awaitSlot('a');
    expect(['a', 'b', 'c'].map(scene.hasSlot)).toEqual([false, false, true]);
    scene.finish('c');
    expect(scene.hasSlot('a')).toBe(true);
  });

  test('those in line hear their place whenever it changes', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b', 'c');
    expect(scene.positions()).toEqual(['job-b 1', 'job-c 2']);
    scene.finish('a');
    expect(scene.positions().slice(2)).toEqual(['job-c 1']);
    scene.finish('c');
    expect(scene.positions().slice(3)).toEqual([]);
  });

  test('a line that is full takes nobody more, and still adopts', () => {
    const scene = beginSupervisor(1).serve();
    for (let more = 0; more <= MAX_WAITING_JOBS; more += 1) scene.assignAndWait(`run-${more}`);
    scene.assign('late');
    expect(scene.conclusions()).toEqual(['job-late late QUEUE_FULL']);
    scene.assign('again', 'job-run-5');
    expect(scene.heard('run-5')).toContain('job.adopted');
    scene.finish('run-0');
    scene.assign('later');
    expect(scene.started()).toContain('later');
    expect(scene.positions().length).toBeLessThan(3 * MAX_WAITING_JOBS);
  });

  test('a run that ends in the line leaves it', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b', 'c');
    scene.finish('b');
    scene.finish('a');
    expect(scene.hasSlot('c')).toBe(true);
  });

  test('a machine that leaked does not hold a slot for ever', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.finish('a', { leakedVm: vmOf('a') });
    expect(scene.hasSlot('b')).toBe(true);
  });
});

describe('an assignment', () => {
  test('becomes a run with a machine of a name of its own', () => {
    const scene = beginSupervisor().serve();
    scene.assign('a');
    expect(scene.run('a').input).toMatchObject({
      ...{ runId: 'a', jobId: 'job-a', vm: { name: vmOf('a'), image: 'golden' } },
    });
  });

  test('of a job that runs is adopted by the run', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.assign('again', 'job-a');
    expect(scene.started()).toEqual(['a']);
    expect(scene.run('a').heard.at(-1)).toEqual({ type: 'job.adopted', assignmentId: 'again' });
  });

  test.each(['concluded', 'dropped'])('of a job whose run has %s and only cleans up is a new run', (end) => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    if (end === 'concluded') scene.conclude('a');
    else scene.run('a').say({ type: 'job.dropped', runId: 'a', jobId: 'job-a' });
    scene.assign('again', 'job-a');
    expect(scene.started()).toEqual(['a', 'again']);
    expect(scene.heard('a')).not.toContain('job.adopted');
    scene.end('a');
    expect(scene.supervisor.context.runs.map(({ runId }) => runId)).toEqual(['again']);
  });

  test('that cannot be read is answered at once', () => {
    const scene = beginSupervisor().serve();
    scene.hub().say({ type: 'hub.jobMalformed', jobId: 'm', assignmentId: 'x', failure: failure('BAD') });
    expect([scene.started(), scene.conclusions()]).toEqual([[], ['m x BAD']]);
  });

  test('each ends in its own conclusion, told to the hub as it came', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a', 'b');
    scene.finish('a');
    scene.conclude('b', 'b2');
    scene.end('b');
    expect(scene.conclusions()).toEqual(['job-a a A', 'job-b b2 A']);
    expect(scene.supervisor.context.concluded).toEqual({ succeeded: 0, failed: 2, cancelled: 0 });
    expect(scene.runActors()).toEqual([]);
  });
});

describe('a cancellation', () => {
  test.each(['hub.cancelRequested', 'job.cancelRequested'])('(%s) reaches the run of the job', (type) => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a', 'b');
    if (type.startsWith('hub')) scene.hub().say({ type, jobId: 'job-a' });
    else scene.supervisor.send({ type, jobId: 'job-a' });
    expect(scene.run('a').heard.at(-1)).toEqual({ type: 'job.cancelRequested', why: 'user' });
    expect(scene.heard('b')).not.toContain('job.cancelRequested');
  });

  test('of a job that nobody knows, or that is concluded, is nothing', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.conclude('a');
    for (const jobId of ['job-a', 'nobody']) scene.hub().say({ type: 'hub.cancelRequested', jobId });
    expect(scene.heard('a')).not.toContain('job.cancelRequested');
  });
});

describe('the link', () => {
  test('that broke, and its return, are told to every run that still works', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a', 'b');
    scene.conclude('b');
    scene.hub().say({ type: 'hub.linkLost', reason: 'reset', requeuedJobId: 'job-a' });
    expect(scene.supervisor.is('serving.link.offline')).toBe(true);
    scene.hub().say({ type: 'hub.linkUp' });
    expect(scene.supervisor.is('serving.link.online')).toBe(true);
    expect(scene.heard('a')).toEqual(['slot.granted', 'job.linkLost', 'job.linkRestored']);
    expect(scene.heard('b')).toEqual(['slot.granted']);
  });

  test('that is refused is shown as that; the runs go on', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.hub().say({ type: 'hub.refused' });
    expect(scene.supervisor.is('serving.link.refused')).toBe(true);
    expect(scene.run('a').isOpen).toBe(true);
  });
});

describe('a run that breaks', () => {
  const broken = new Error('a defect');

  test('is answered once and swept, and only then gives its slot back', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.run('a').fail(broken);
    expect(scene.conclusions()).toEqual(['job-a a INTERNAL_ERROR']);
    expect(scene.stage.the('sweepRun').input).toEqual({
      ...{ runId: 'a', assignmentIds: ['a'], awaitsReceipt: 'a', vmName: vmOf('a') },
    });
    expect(scene.hasSlot('b')).toBe(false);
    scene.stage.the('sweepRun').answer();
    expect(scene.hasSlot('b')).toBe(true);
    expect(scene.runActors()).toEqual(['run.1']);
    scene.assign('c');
    expect(scene.runActors().sort()).toEqual(['run.0', 'run.1']);
  });

  test('is answered under the assignment that counts, and none of its secrets is forgotten', () => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a');
    scene.assign('again', 'job-a');
    scene.run('a').fail(broken);
    expect(scene.conclusions()).toEqual(['job-a again INTERNAL_ERROR']);
    expect(scene.stage.the('sweepRun').input).toMatchObject({
      ...{ assignmentIds: ['a', 'again'], awaitsReceipt: 'again' },
    });
  });

  test('while cleaning up is not answered twice', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.conclude('a');
    scene.run('a').fail(broken);
    expect(scene.conclusions()).toEqual(['job-a a A']);
    expect(scene.stage.open('sweepRun')).toHaveLength(1);
  });

  test.each(['fails', 'hangs'])('and whose sweep %s leaves a leak, not a lost slot', (how) => {
    const scene = beginSupervisor(1).serve();
    scene.assignAndWait('a', 'b');
    scene.run('a').fail(broken);
    if (how === 'fails') scene.stage.the('sweepRun').fail(failure('VM_DELETE_FAILED'));
    else scene.clock.advance(supervisorLimits.sweepTimeout);
    expect(scene.stage.open('sweepRun')).toEqual([]);
    expect(scene.supervisor.context.leaked).toEqual([vmOf('a')]);
    expect(scene.hasSlot('b')).toBe(true);
  });

  test('keeps a drain waiting until it is swept', () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.run('a').fail(broken);
    scene.supervisor.send({ type: 'shutdown.requested' });
    expect(scene.closeAsked()).toBe(0);
    scene.stage.the('sweepRun').answer();
    scene.expectStopped();
  });
});

describe('leaks', () => {
  const leak = (scene: SupervisorScene, id: string) => {
    scene.assignAndWait(id);
    scene.finish(id, { leakedVm: vmOf(id) });
  };
  const pause = (leakSweeps: number) => supervisorLimits.leakSweepPause({ context: { leakSweeps } });

  test('of previous processes and of runs are tried again until they are gone', () => {
    const scene = beginSupervisor().serve([vmOf('old')]);
    leak(scene, 'a');
    scene.clock.advance(pause(0));
    expect(scene.stage.the('sweepLeaks').input).toEqual({ names: [vmOf('old'), vmOf('a')] });
    scene.stage.the('sweepLeaks').answer([vmOf('old')]);
    expect(scene.supervisor.context.leaked).toEqual([vmOf('a')]);
    scene.clock.advance(pause(1));
    expect(scene.stage.the('sweepLeaks').input).toEqual({ names: [vmOf('a')] });
    scene.stage.the('sweepLeaks').answer([vmOf('a')]);
    scene.clock.advance(pause(9) * 3);
    expect(scene.stage.open('sweepLeaks')).toEqual([]);
    leak(scene, 'b');
    scene.clock.advance(pause(0));
    expect(scene.stage.the('sweepLeaks').input).toEqual({ names: [vmOf('b')] });
  });

  test('that resist are tried after 5 s, then less and less often, once a minute at least', () => {
    expect([0, 1, 2, 3, 4, 50].map(pause)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test.each(['fails', 'hangs'])('are kept when the sweep %s', (how) => {
    const scene = beginSupervisor().serve();
    leak(scene, 'a');
    scene.clock.advance(pause(0));
    if (how === 'fails') scene.stage.the('sweepLeaks').fail(failure('A'));
    else scene.clock.advance(supervisorLimits.sweepTimeout);
    expect(scene.supervisor.context.leaked).toEqual([vmOf('a')]);
    expect(scene.stage.open('sweepLeaks')).toEqual([]);
    scene.clock.advance(pause(1));
    expect(scene.stage.open('sweepLeaks')).toHaveLength(1);
  });

  test('that come while others are swept are not forgotten', () => {
    const scene = beginSupervisor().serve();
    leak(scene, 'a');
    scene.clock.advance(pause(0));
    leak(scene, 'b');
    scene.stage.the('sweepLeaks').answer([vmOf('a')]);
    expect(scene.supervisor.context.leaked).toEqual([vmOf('b')]);
  });
});
