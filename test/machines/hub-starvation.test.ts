import { describe, expect, test } from 'vitest';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { beginLink, conclusion, type LinkScene } from './hub-connection-scene.ts';
import { failure } from './samples.ts';

/** Time passes on a link that is heard. */
const pass = (scene: LinkScene, ms: number) => {
  for (let left = ms; left > 0 && scene.link.is('linked.online'); left -= 30_000) {
    scene.socket().say({ type: 'socket.heard' });
    scene.clock.advance(Math.min(left, 30_000));
  }
};
const asked = (scene: LinkScene) => scene.stage.open('askQueueLength').length > 0;
const answer = (scene: LinkScene, queueLength: number | null) =>
  scene.stage.the('askQueueLength').answer(queueLength);
const greetAnew = (scene: LinkScene) => {
  expect(scene.link.is('linked.renewing')).toBe(true);
  expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
  scene.breakLink();
  while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
  scene.goOnline();
};
/** Idle from now on, until the question whether jobs wait. */
const untilAsked = (scene: LinkScene): number => {
  const beganMs = scene.clock.nowMs;
  while (!asked(scene)) pass(scene, 1_000);
  return scene.clock.nowMs - beganMs;
};
const minute = 60_000;

describe('a worker with nothing to do', () => {
  test('while jobs wait at the hub greets it anew, after a second look', () => {
    const scene = beginLink().goOnline();
    expect(untilAsked(scene)).toBe(minute);
    answer(scene, 3);
    expect(scene.link.is('linked.online')).toBe(true);
    pass(scene, hubLimits.suspicionTime);
    answer(scene, 2);
    greetAnew(scene);
    expect(scene.helloes()).toEqual(['jobs', 'jobs']);
  });

  test('does so less and less often in vain, and from the beginning again after a job', () => {
    const scene = beginLink().goOnline();
    const pausesMs: number[] = [];
    const starve = () => {
      pausesMs.push(untilAsked(scene));
      answer(scene, 1);
      pass(scene, hubLimits.suspicionTime);
      answer(scene, 1);
      greetAnew(scene);
    };
    for (let n = 0; n < 8; n += 1) starve();
    expect(pausesMs.map((ms) => ms / minute)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    scene.assign('A');
    scene.report(conclusion('A'));
    scene.confirmAll();
    expect(untilAsked(scene)).toBe(minute);
  });

  test('and a hub whose queue is empty, or was when it was asked again, stays', () => {
    const scene = beginLink().goOnline();
    for (let n = 0; n < 100; n += 1) {
      untilAsked(scene);
      answer(scene, n % 2);
      if (n % 2 === 0) continue;
      pass(scene, hubLimits.suspicionTime);
      answer(scene, 0);
    }
    expect(scene.helloes()).toEqual(['jobs']);
  });

  test.each([
    ['does not say', (scene: LinkScene) => answer(scene, null)],
    ['cannot be asked', (scene: LinkScene) => scene.stage.the('askQueueLength').fail(failure('A'))],
    ['does not answer', () => {}],
  ])('and a hub that %s greets it anew after ten minutes, then after twenty', (_, end) => {
    const scene = beginLink().goOnline();
    const idle = (): number => {
      const beganMs = scene.clock.nowMs;
      while (!scene.link.is('linked.renewing')) {
        pass(scene, 1_000);
        if (asked(scene)) end(scene);
      }
      return (scene.clock.nowMs - beganMs) / minute;
    };
    expect(idle()).toBe(10);
    greetAnew(scene);
    expect(idle()).toBe(20);
  });
});

describe('no worker greets anew', () => {
  const hungry = (scene: LinkScene) => scene.link.is('linked.online.starvation.idle');

  test('while the hub counts a job as its own', () => {
    const scene = beginLink().goOnline();
    expect(hungry(scene)).toBe(true);
    scene.assign('A');
    expect(hungry(scene)).toBe(false);
    pass(scene, 600 * minute);
    expect(scene.helloes()).toEqual(['jobs']);
    scene.report(conclusion('A'));
    expect(hungry(scene)).toBe(false);
    scene.confirmAll();
    expect(hungry(scene)).toBe(true);
  });

  test('while it is looked at whether jobs wait and one comes', () => {
    const scene = beginLink().goOnline();
    untilAsked(scene);
    answer(scene, 1);
    scene.assign('A');
    pass(scene, 60 * minute);
    expect(scene.helloes()).toEqual(['jobs']);
  });

  test('when no more jobs are wanted', () => {
    const scene = beginLink();
    scene.link.send({ type: 'hub.intakeClosed' });
    scene.goOnline();
    pass(scene, 600 * minute);
    expect(scene.helloes()).toEqual(['nothing']);
  });
});
