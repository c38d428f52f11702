import { describe, expect, test } from 'vitest';
import { beginSupervisor } from './supervisor-scene.ts';

describe('a supervisor that is paused, or yields', () => {
  const begin = () => {
    const scene = beginSupervisor().serve();
    scene.assignAndWait('a');
    scene.supervisor.send({ type: 'pause.requested' });
    return scene;
  };

  test('finishes what runs, and gives back what comes', () => {
    const scene = begin();
    expect(scene.wishes()).toEqual(['hub.intakePaused']);
    scene.assign('b');
    expect(scene.wishes()).toEqual(['hub.intakePaused', 'hub.jobUnwanted']);
    scene.relink();
    expect(scene.started()).toEqual(['a']);
    scene.finish('a');
    expect(scene.supervisor.is('serving.work.paused')).toBe(true);
  });

  test('does what the hub did not take back', () => {
    const scene = begin();
    scene.assign('b');
    scene.relink('b');
    expect(scene.started()).toEqual(['a', 'b']);
  });

  test('adopts another assignment of a job that runs', () => {
    const scene = begin();
    scene.assign('a2', 'job-a');
    expect(scene.heard('a')).toContain('job.adopted');
    expect(scene.started()).toEqual(['a']);
  });

  test('takes jobs again when it is resumed, also that which it gave back a moment ago', () => {
    const scene = begin();
    scene.assign('b');
    scene.supervisor.send({ type: 'resume.requested' });
    expect(scene.wishes()).toEqual(['hub.intakePaused', 'hub.jobUnwanted', 'hub.intakeResumed']);
    scene.assign('b2', 'job-b');
    scene.relink('b');
    expect(scene.started()).toEqual(['a', 'b2']);
  });

  test('drains like any other', () => {
    const scene = begin();
    scene.finish('a');
    scene.supervisor.send({ type: 'drain.requested' });
    expect(scene.supervisor.is('serving.work.closing')).toBe(true);
    scene.expectStopped();
  });

  test('yields to an upgrade as long as that waits, and is then as it was before or as it was told meanwhile', () => {
    const scene = beginSupervisor().serve();
    const tell = (type: 'yield.requested' | 'yield.withdrawn' | 'pause.requested' | 'resume.requested') =>
      scene.supervisor.send({ type });
    scene.assignAndWait('a');
    tell('yield.requested');
    scene.assign('b');
    scene.relink();
    expect(scene.started()).toEqual(['a']);
    tell('yield.withdrawn');
    expect(scene.supervisor.is('serving.work.accepting')).toBe(true);
    expect(scene.wishes()).toEqual(['hub.intakePaused', 'hub.jobUnwanted', 'hub.intakeResumed']);
    for (const [wish, after] of [
      ['pause.requested', 'paused'],
      ['yield.requested', 'paused'],
      ['resume.requested', 'accepting'],
    ] as const) {
      tell('yield.requested');
      tell(wish);
      expect(scene.supervisor.is('serving.work.yielding')).toBe(true);
      tell('yield.withdrawn');
      expect(scene.supervisor.is(`serving.work.${after}`)).toBe(true);
    }
    tell('yield.requested');
    scene.supervisor.send({ type: 'drain.requested' });
    tell('yield.withdrawn');
    scene.finish('a');
    scene.expectStopped();
  });

  test('yields from the start to an upgrade that waits already, but not to one that is gone', () => {
    for (const [wishes, state] of [
      [['yield.requested'], 'yielding'],
      [['yield.requested', 'yield.withdrawn'], 'accepting'],
    ] as const) {
      const scene = beginSupervisor(1);
      for (const type of wishes) scene.supervisor.send({ type });
      expect(scene.serve().supervisor.is(`serving.work.${state}`)).toBe(true);
    }
  });

  test('is paused from the start when it was so at its end, or was told so before it served', () => {
    for (const scene of [beginSupervisor(1, { isPaused: true }), beginSupervisor(1)]) {
      scene.supervisor.send({ type: 'pause.requested' });
      scene.serve();
      expect(scene.supervisor.is('serving.work.paused')).toBe(true);
      expect(scene.wishes()).toEqual(['hub.intakePaused']);
    }
    const scene = beginSupervisor(1, { isPaused: true });
    scene.supervisor.send({ type: 'resume.requested' });
    expect(scene.serve().supervisor.is('serving.work.accepting')).toBe(true);
  });
});
