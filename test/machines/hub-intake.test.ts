import { describe, expect, test } from 'vitest';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { beginLink, conclusion, type LinkScene } from './hub-connection-scene.ts';

const refuse = ({ link }: LinkScene) => link.send({ type: 'hub.jobUnwanted' });
const closeIntake = ({ link }: LinkScene) => link.send({ type: 'hub.intakeClosed' });
const goBack = (scene: LinkScene) => {
  while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
  return scene.goOnline();
};

describe('a job that is not wanted any more', () => {
  test.each([
    ['online', (scene: LinkScene) => scene.goOnline()],
    ['greeting', (scene: LinkScene) => scene.open()],
  ])('while %s: a clean close, then a hello that offers nothing', (_, come) => {
    const scene = beginLink();
    come(scene);
    scene.assign('A');
    refuse(scene);
    expect(scene.link.is('linked.returning')).toBe(true);
    expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
    scene.breakLink();
    expect(scene.requeued()).toEqual(['A']);
    goBack(scene);
    expect(scene.helloes()).toEqual(['jobs', 'nothing']);
  });

  test('is followed by others before the hub has read the farewell: they are told as well', () => {
    const scene = beginLink().goOnline();
    for (const job of ['A', 'B', 'C']) {
      scene.assign(job);
      refuse(scene);
    }
    expect(scene.commands().filter(({ type }) => type === 'socket.close')).toHaveLength(1);
    scene.breakLink();
    expect(scene.owner.types()).toEqual(['hub.linkUp', ...Array(3).fill('hub.jobAssigned'), 'hub.linkLost']);
    expect(scene.requeued()).toEqual(['C']);
    goBack(scene);
    expect(scene.helloes()).toEqual(['jobs', 'nothing']);
  });

  test('goes back also when the hub does not answer the farewell', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    refuse(scene);
    scene.clock.advance(hubLimits.closeTimeout);
    scene.breakLink();
    expect(scene.link.is('backingOff')).toBe(true);
    goBack(scene);
    expect(scene.helloes()).toEqual(['jobs', 'nothing']);
  });

  test.each([
    ['flushing', (scene: LinkScene) => scene.report(conclusion('A'))],
    ['closing', () => {}],
  ])('while %s keeps the link from being closed for good', (state, before) => {
    const scene = beginLink().goOnline();
    scene.claim('A');
    before(scene);
    scene.requestClose();
    expect(scene.link.is(`linked.${state}`)).toBe(true);
    scene.assign('B');
    refuse(scene);
    scene.breakLink();
    expect(scene.link.status).toBe('active');
    expect(scene.requeued()).toEqual(['B']);
    goBack(scene);
    expect(scene.helloes()).toEqual(['jobs', 'nothing']);
  });

  test('comes in spite of a hello that offered nothing: it goes back the same way, after a pause', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    refuse(scene);
    scene.breakLink();
    goBack(scene).assign('B');
    refuse(scene);
    scene.breakLink();
    expect(scene.link.is('backingOff')).toBe(true);
    expect(scene.requeued()).toEqual(['A', 'B']);
  });

  test('leaves the results of the running jobs as they are: they are said on the next link', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    scene.assign('B');
    refuse(scene);
    scene.report(conclusion('A'));
    scene.breakLink();
    goBack(scene).stillOpen();
    expect(scene.deliveredJobs()).toEqual(['conclusion A']);
  });
});

describe('the end of the intake', () => {
  test('closes the link, so that the hub takes back what it assigned last', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    closeIntake(scene);
    scene.breakLink();
    expect(scene.requeued()).toEqual(['A']);
    goBack(scene);
    closeIntake(scene);
    expect(scene.link.is('linked.online')).toBe(true);
    expect(scene.helloes()).toEqual(['jobs', 'nothing']);
  });

  test.each([
    ['connecting', () => {}],
    ['backing off', (scene: LinkScene) => scene.breakLink()],
    [
      'refused',
      (scene: LinkScene) => {
        scene.open().receive({ type: 'authFailed' });
      },
    ],
    ['abandoning', (scene: LinkScene) => scene.goOnline().clock.advance(hubLimits.silenceTimeout)],
  ])('while %s changes the next hello', (_, come) => {
    const scene = beginLink();
    come(scene);
    closeIntake(scene);
    goBack(scene);
    expect(scene.helloes().at(-1)).toBe('nothing');
  });
});
