import { describe, expect, test } from 'vitest';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { beginLink, conclusion, type LinkScene, note } from './hub-connection-scene.ts';
import { failure } from './samples.ts';

const waitMs = ({ clock, link }: LinkScene): number => {
  const beganMs = clock.nowMs;
  while (!link.is('linked.connecting')) clock.advanceToNext();
  return clock.nowMs - beganMs;
};

describe('connecting', () => {
  test('the hello is the first frame of every link', () => {
    const scene = beginLink();
    scene.report(conclusion('early'));
    expect(scene.commands()).toEqual([]);
    scene.goOnline().stillOpen();
    expect(scene.commands().map(({ type }) => type)).toEqual(['socket.hello', 'socket.deliver']);
    scene.reconnect();
    expect(scene.commands()[0]).toEqual({ type: 'socket.hello', offer: 'jobs', slots: 2 });
  });

  test('a handshake that hangs is given up after 15 s', () => {
    const scene = beginLink();
    const socket = scene.socket();
    scene.clock.advance(hubLimits.connectTimeout - 1);
    expect(socket.isOpen).toBe(true);
    scene.clock.advance(1);
    expect([socket.isOpen, scene.link.is('backingOff')]).toEqual([false, true]);
    expect(scene.owner.types()).toEqual(['hub.linkLost']);
  });

  test('a hub that says nothing for a second has let us in; one that speaks has done so before', () => {
    const quiet = beginLink().open();
    quiet.clock.advance(hubLimits.greetingGrace - 1);
    expect(quiet.owner.types()).toEqual([]);
    quiet.clock.advance(1);
    expect(quiet.owner.types()).toEqual(['hub.linkUp']);
    const quick = beginLink().open();
    quick.assign('j');
    expect(quick.owner.types()).toEqual(['hub.jobAssigned', 'hub.linkUp']);
  });

  test('the pause doubles from one second to sixty, and starts anew after 30 s of health', () => {
    const scene = beginLink();
    const pauses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      scene.breakLink();
      pauses.push(waitMs(scene));
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
    scene.goOnline();
    scene.clock.advance(hubLimits.healthyAfter - 1);
    scene.breakLink();
    expect(waitMs(scene)).toBe(60_000);
    scene.goHealthy();
    scene.breakLink();
    expect(waitMs(scene)).toBe(1_000);
  });

  test('a socket that cannot be made is a link that failed', () => {
    const scene = beginLink();
    scene.socket().fail(new Error('no'));
    expect(scene.link.is('backingOff')).toBe(true);
    expect(waitMs(scene)).toBe(1_000);
  });
});

describe('a refused secret', () => {
  test.each([
    ['while greeting', (scene: LinkScene) => scene.open()],
    ['from a slow hub', (scene: LinkScene) => scene.goOnline()],
  ])('%s is told, and tried again within a minute', (_, come) => {
    const scene = beginLink();
    come(scene);
    scene.receive({ type: 'authFailed' });
    expect(scene.link.is('refused')).toBe(true);
    expect(scene.owner.types().at(-1)).toBe('hub.refused');
    expect(scene.stage.open('hubSocket')).toEqual([]);
    scene.clock.advance(hubLimits.refusedRetry - 1);
    expect(scene.link.is('refused')).toBe(true);
    scene.clock.advance(1);
    expect(scene.link.is('linked.connecting')).toBe(true);
    expect(hubLimits.refusedRetry + hubLimits.greetingGrace).toBeLessThan(60_000);
  });

  test('loses nothing that was to be said', () => {
    const scene = beginLink().open();
    scene.receive({ type: 'authFailed' });
    scene.report(conclusion('j'));
    scene.clock.advance(hubLimits.refusedRetry);
    scene.goOnline().stillOpen();
    expect(scene.deliveredJobs()).toEqual(['conclusion j']);
  });
});

describe('staying alive', () => {
  const beats = (scene: LinkScene) => scene.commands().filter(({ type }) => type === 'socket.beat').length;
  const hear = (scene: LinkScene) => scene.socket().say({ type: 'socket.heard' });

  test('there is a beat every 30 s', () => {
    const scene = beginLink().goOnline();
    for (let n = 1; n <= 10; n += 1) {
      scene.clock.advance(hubLimits.heartbeatInterval);
      hear(scene);
      expect(beats(scene)).toBe(n);
    }
  });

  test('90 s without a frame end the link, after a Close frame', () => {
    const scene = beginLink().goOnline();
    scene.clock.advance(60_000);
    hear(scene);
    scene.clock.advance(hubLimits.silenceTimeout - 1);
    expect(scene.link.is('linked.online')).toBe(true);
    scene.clock.advance(1);
    expect(scene.link.is('linked.abandoning')).toBe(true);
    expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
    expect(scene.owner.types()).toEqual(['hub.linkUp']);
    scene.clock.advance(hubLimits.closeTimeout);
    expect(scene.commands().at(-1)).toEqual({ type: 'socket.hangUp' });
    scene.breakLink();
    expect(scene.link.is('backingOff')).toBe(true);
    expect(scene.owner.types()).toEqual(['hub.linkUp', 'hub.linkLost']);
  });

  test.each([
    ['abandoned', (scene: LinkScene) => scene.clock.advance(hubLimits.silenceTimeout)],
    [
      'given up for the sake of a job that is not wanted',
      ({ link }: LinkScene) => link.send({ type: 'hub.jobUnwanted' }),
    ],
    ['closed for good', (scene: LinkScene) => scene.requestClose()],
  ])(
    'jobs that had come in on a link that is %s are ours, though nobody answers the Close frame',
    (_, giveUp) => {
      const scene = beginLink().goOnline();
      giveUp(scene);
      scene.clock.advance(hubLimits.closeTimeout);
      for (const job of ['A', 'B']) scene.assign(job);
      scene.breakLink();
      expect(scene.owner.types().filter((type) => type === 'hub.jobAssigned')).toHaveLength(2);
      expect(scene.stage.open('hubSocket')).toEqual([]);
    },
  );

  test('a connection that does not end when it is told to is left behind after 5 s', () => {
    const scene = beginLink().goOnline();
    scene.clock.advance(hubLimits.silenceTimeout + hubLimits.closeTimeout + hubLimits.hangUpTimeout);
    expect(scene.link.is('backingOff')).toBe(true);
  });

  test('an abandoned link that answers the Close frame is given up at once; a job that came before is ours', () => {
    const scene = beginLink().goOnline();
    scene.clock.advance(hubLimits.silenceTimeout);
    scene.assign('late');
    scene.breakLink();
    expect(scene.link.is('backingOff')).toBe(true);
    expect(scene.owner.types()).toEqual(['hub.linkUp', 'hub.jobAssigned', 'hub.linkLost']);
    expect(scene.requeued()).toEqual(['late']);
  });
});

describe('what the hub says', () => {
  test('goes on to the owner; an update is declined, also instead of a greeting', () => {
    const scene = beginLink().open();
    scene.receive({ type: 'updateRequested' });
    expect(scene.link.is('linked.online')).toBe(true);
    scene.receive({ type: 'updateRequested' });
    scene.assign('j');
    scene.receive({ type: 'jobMalformed', jobId: 'm', assignmentId: 'a-m', failure: failure('A') });
    scene.receive({ type: 'cancelRequested', jobId: 'j' });
    scene.receive({ type: 'unknown', name: 'weather' });
    expect(scene.owner.events).toEqual([
      { type: 'hub.linkUp' },
      { type: 'hub.jobAssigned', jobId: 'j', assignmentId: 'a-j' },
      { type: 'hub.jobMalformed', jobId: 'm', assignmentId: 'a-m', failure: failure('A') },
      { type: 'hub.cancelRequested', jobId: 'j' },
    ]);
    expect(scene.commands().map(({ type }) => type)).toEqual([
      ...['socket.hello', 'socket.declineUpdate', 'socket.declineUpdate'],
    ]);
  });

  const mirror: readonly (readonly [string, (scene: LinkScene) => void, string | null])[] = [
    ['nothing was assigned', () => {}, null],
    ['one job was', (scene) => scene.assign('A'), 'A'],
    [
      'two were: the later one',
      (scene) => {
        scene.assign('A');
        scene.assign('B');
      },
      'B',
    ],
    [
      'any job was concluded since: none',
      (scene) => {
        scene.assign('A');
        scene.assign('B');
        scene.report(conclusion('A'));
      },
      null,
    ],
    [
      'another was assigned after that: that one',
      (scene) => {
        scene.assign('A');
        scene.report(conclusion('A'));
        scene.assign('C');
      },
      'C',
    ],
    [
      'only notes were said since',
      (scene) => {
        scene.assign('A');
        scene.report(note('A'));
      },
      'A',
    ],
    [
      'a malformed one counts too',
      (scene) =>
        scene.receive({ type: 'jobMalformed', jobId: 'M', assignmentId: 'a-M', failure: failure('A') }),
      'M',
    ],
  ];
  test.each(mirror)('when the link breaks and %s is the one that the hub gives away', (_, act, job) => {
    const scene = beginLink().goOnline();
    act(scene);
    scene.breakLink();
    expect(scene.requeued()).toEqual([job]);
  });

  test('a link that broke takes its last assignment with it', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    scene.reconnect().breakLink();
    expect(scene.requeued()).toEqual(['A', null]);
  });
});
