import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../machines/contracts/failure.ts';
import type { Obstacle } from '../../machines/contracts/obstacle.ts';
import { supervisorLimits } from '../../machines/supervisor/limits.ts';
import { failure } from './samples.ts';
import { beginSupervisor, jobIdOf } from './supervisor-scene.ts';

const obstacle: Obstacle = { about: 'disk', summary: 'Full.', reason: 'It is.', nextStep: 'Make room.' };

describe('a supervisor on a host where every job would fail', () => {
  const begin = (...args: Parameters<typeof beginSupervisor>) => {
    const scene = beginSupervisor(...args).serve();
    const look = (found: readonly Obstacle[]) => scene.stage.the('findObstacles').answer(found);
    return { ...scene, look, pass: (ms: number) => scene.clock.advance(ms) };
  };
  const hindered = () => {
    const scene = begin();
    scene.assignAndWait('a');
    scene.pass(supervisorLimits.lookPause);
    scene.look([obstacle]);
    expect(scene.supervisor.is('serving.work.unable')).toBe(true);
    return scene;
  };

  test('takes no job and gives back what comes, and what runs goes on', () => {
    const scene = hindered();
    expect(scene.wishes()).toEqual(['hub.intakePaused']);
    scene.assign('b');
    expect(scene.wishes()).toEqual(['hub.intakePaused', 'hub.jobUnwanted']);
    scene.relink();
    expect(scene.started()).toEqual(['a']);
    expect(scene.heard('a')).not.toContain('job.cancelRequested');
    scene.finish('a');
    expect(scene.supervisor.is('serving.work.unable')).toBe(true);
  });

  test.each(['when that is over', 'and goes back with the end of the daemon'])(
    'keeps in line what has no slot, also a job that the hub did not take back, %s',
    (end) => {
      const scene = hindered();
      scene.assign('b');
      scene.relink('b');
      scene.awaitSlot('b');
      scene.finish('a');
      expect(scene.hasSlot('b')).toBe(false);
      if (end === 'when that is over') {
        scene.pass(supervisorLimits.lookPause);
        scene.look([]);
        expect(scene.hasSlot('b')).toBe(true);
      } else {
        scene.supervisor.send({ type: 'drain.requested' });
        expect(scene.heard('b')).toContain('job.cancelRequested');
      }
    },
  );

  test('takes jobs again by itself when that is over, and no sooner', () => {
    const scene = hindered();
    scene.pass(supervisorLimits.lookPause);
    expect(scene.stage.the('findObstacles').input).toEqual({ known: [obstacle] });
    scene.look([obstacle]);
    expect(scene.wishes()).toEqual(['hub.intakePaused']);
    scene.pass(supervisorLimits.lookPause);
    scene.look([]);
    expect(scene.supervisor.is('serving.work.accepting')).toBe(true);
    expect(scene.wishes()).toEqual(['hub.intakePaused', 'hub.intakeResumed']);
    scene.assign('b');
    expect(scene.started()).toEqual(['a', 'b']);
  });

  test.each([
    ['fails', (scene: ReturnType<typeof begin>) => scene.stage.the('findObstacles').fail(failure('X'))],
    ['does not end', (scene: ReturnType<typeof begin>) => scene.pass(supervisorLimits.lookTimeout)],
  ])('a look that %s changes nothing, and is made again', (_, end) => {
    const scene = hindered();
    for (const found of [[obstacle], []]) {
      scene.pass(supervisorLimits.lookPause);
      end(scene);
      expect(scene.supervisor.is('serving.work.unable')).toBe(true);
      scene.pass(supervisorLimits.lookPause);
      scene.look(found);
    }
    expect(scene.supervisor.is('serving.work.accepting')).toBe(true);
  });

  test('takes none from the start when it was so before', () => {
    const scene = begin(1, { obstacles: [obstacle] });
    expect(scene.supervisor.is('serving.work.unable')).toBe(true);
    expect(scene.wishes()).toEqual(['hub.intakePaused']);
  });

  test.each(Object.entries({ host: 1, defect: 1, input: 0, upstream: 0 }) as [FailureKind, number][])(
    'looks at once when a job fails of what others may fail of as well: %s',
    (kind, looks) => {
      const scene = begin();
      scene.assignAndWait('a');
      scene.run('a').say({
        ...{ type: 'job.concluded', runId: 'a', jobId: jobIdOf('a'), assignmentId: 'a' },
        conclusion: { outcome: 'failed', failure: { ...failure('X'), kind }, stage: null },
      });
      expect(scene.stage.open('findObstacles')).toHaveLength(looks);
    },
  );

  test('stays paused when it is over, and is unable when it is resumed before', () => {
    const scene = hindered();
    scene.supervisor.send({ type: 'pause.requested' });
    expect(scene.supervisor.is('serving.work.paused')).toBe(true);
    scene.supervisor.send({ type: 'resume.requested' });
    expect(scene.supervisor.is('serving.work.unable')).toBe(true);
    scene.supervisor.send({ type: 'pause.requested' });
    scene.pass(supervisorLimits.lookPause);
    scene.look([]);
    expect(scene.supervisor.is('serving.work.paused')).toBe(true);
    expect(scene.wishes()).not.toContain('hub.intakeResumed');
    scene.supervisor.send({ type: 'resume.requested' });
    expect(scene.wishes().at(-1)).toBe('hub.intakeResumed');
  });

  test('drains like any other', () => {
    const scene = hindered();
    scene.finish('a');
    scene.supervisor.send({ type: 'drain.requested' });
    expect(scene.supervisor.is('serving.work.closing')).toBe(true);
    scene.expectStopped();
  });
});
