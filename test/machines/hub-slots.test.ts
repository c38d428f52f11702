import { describe, expect, test } from 'vitest';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import type { SocketCommand } from '../../machines/hub-connection/machine.ts';
import { beginLink, conclusion, type LinkScene } from './hub-connection-scene.ts';

/** Time passes on a link that is heard. */
const pass = (scene: LinkScene, ms: number) => {
  for (let left = ms; left > 0 && scene.link.is('linked.online'); left -= 30_000) {
    scene.socket().say({ type: 'socket.heard' });
    scene.clock.advance(Math.min(left, 30_000));
  }
};
const minute = 60_000;
const change = (scene: LinkScene, slots: number) => scene.link.send({ type: 'hub.slotsChanged', slots });
const isLeaving = (scene: LinkScene) => scene.link.is('linked.reoffering');
/** The hub takes the farewell, and is greeted anew. */
const goOn = (scene: LinkScene) => {
  expect(isLeaving(scene)).toBe(true);
  expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
  scene.breakLink();
  while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
  scene.goOnline().claim('elsewhere');
};
const said = (scene: LinkScene) =>
  scene.stage.calls
    .filter(({ port }) => port === 'hubSocket')
    .flatMap(({ heard }) => heard as readonly SocketCommand[])
    .flatMap((command) => (command.type === 'socket.hello' ? [`${command.slots} ${command.offer}`] : []));
/** With a job, so that the link is not made anew because none comes. */
const beginBusy = () => beginLink().goOnline().claim('elsewhere');
/** Old enough for another hello. */
const beginSettled = () => {
  const scene = beginBusy();
  pass(scene, 2 * minute);
  expect(scene.link.is('linked.online.offering.settled')).toBe(true);
  return scene;
};

describe('another number of slots', () => {
  test('is said by a hello on a new link, at once when the hub has no job of ours to take back', () => {
    const scene = beginSettled();
    change(scene, 5);
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '5 jobs']);
  });

  test('waits for the end of the job that was assigned last, and for its receipt', () => {
    const scene = beginSettled();
    scene.assign('A');
    change(scene, 5);
    expect(isLeaving(scene)).toBe(false);
    scene.report(conclusion('A'));
    expect(isLeaving(scene)).toBe(false);
    scene.confirmAll();
    goOn(scene);
  });

  test('of more slots does not wait for ever: the hub takes back its last job, and is told so', () => {
    const scene = beginSettled();
    scene.assign('A');
    change(scene, 5);
    pass(scene, hubLimits.offerPatience);
    expect(isLeaving(scene)).toBe(true);
    scene.breakLink();
    expect(scene.owner.events.at(-1)).toMatchObject({ type: 'hub.linkLost', requeuedJobId: 'A' });
  });

  test('of fewer slots can wait: what comes too much stands in line here', () => {
    const scene = beginSettled();
    scene.assign('A');
    change(scene, 1);
    pass(scene, 10 * hubLimits.offerPatience);
    expect(isLeaving(scene)).toBe(false);
  });

  test('is not worth a new link when it is nearly the same, or the same again', () => {
    const scene = beginSettled();
    change(scene, 40);
    goOn(scene);
    pass(scene, 10 * minute);
    change(scene, 44);
    change(scene, 36);
    expect(isLeaving(scene)).toBe(false);
    scene.assign('A');
    change(scene, 20);
    change(scene, 40);
    scene.report(conclusion('A'));
    scene.confirmAll();
    expect(isLeaving(scene)).toBe(false);
  });

  test('of none is no job at all, until there is one', () => {
    const scene = beginSettled();
    change(scene, 0);
    goOn(scene);
    pass(scene, 10 * minute);
    change(scene, 1);
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '0 nothing', '1 jobs']);
  });

  test('that changes all the time is said less and less often', () => {
    const scene = beginBusy();
    const pausesMs: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const beganMs = scene.clock.nowMs;
      for (let slots = 10; !isLeaving(scene); slots = slots === 10 ? 20 : 10) {
        change(scene, slots + n);
        pass(scene, minute / 2);
      }
      pausesMs.push(scene.clock.nowMs - beganMs);
      goOn(scene);
    }
    expect(pausesMs.map((ms) => Math.floor(ms / minute))).toEqual([2, 4, 8, 16, 30, 30, 30, 30]);
    pass(scene, 3 * 3_600_000);
    expect(scene.link.context.reoffers).toBeLessThanOrEqual(1);
  });

  test('is said with every hello, whatever the link was lost for', () => {
    const scene = beginBusy();
    change(scene, 7);
    scene.reconnect().claim('elsewhere');
    pass(scene, 10 * minute);
    expect(said(scene)).toEqual(['2 jobs', '7 jobs']);
  });
});

describe('a pause', () => {
  const pause = ({ link }: LinkScene) => link.send({ type: 'hub.intakePaused' });
  const resume = ({ link }: LinkScene) => link.send({ type: 'hub.intakeResumed' });

  test('is said by a hello on a new link, and its end at once', () => {
    const scene = beginSettled();
    pause(scene);
    goOn(scene);
    resume(scene);
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '2 nothing', '2 jobs']);
  });

  test('never lets the hub take back a job that runs', () => {
    const scene = beginSettled();
    scene.assign('A');
    pause(scene);
    pass(scene, 10 * hubLimits.offerPatience);
    expect(isLeaving(scene)).toBe(false);
    scene.report(conclusion('A'));
    scene.confirmAll();
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '2 nothing']);
  });

  test('that ends before the hub has heard of it changes nothing', () => {
    const scene = beginSettled();
    scene.assign('A');
    pause(scene);
    resume(scene);
    scene.report(conclusion('A'));
    scene.confirmAll();
    pass(scene, 10 * minute);
    expect(said(scene)).toEqual(['2 jobs']);
  });

  test('that ends while the link is made anew ends with the next hello', () => {
    const scene = beginSettled();
    pause(scene);
    expect(isLeaving(scene)).toBe(true);
    resume(scene);
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '2 jobs']);
  });

  test('that ends right after a hello that offers nothing is ended by one more', () => {
    const scene = beginSettled();
    pause(scene);
    scene.breakLink();
    while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
    scene.open();
    resume(scene);
    goOn(scene);
    expect(said(scene)).toEqual(['2 jobs', '2 nothing', '2 jobs']);
  });

  test('closes the link when the worker ends, so that the hub takes back its last job', () => {
    const scene = beginSettled();
    scene.assign('A');
    pause(scene);
    scene.link.send({ type: 'hub.intakeClosed' });
    expect(scene.link.is('linked.returning')).toBe(true);
  });
});
