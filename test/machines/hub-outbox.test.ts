import { describe, expect, test } from 'vitest';
import { hubLimits, MAX_HELD_NOTES } from '../../machines/hub-connection/limits.ts';
import { beginLink, conclusion, type LinkScene, note, returned } from './hub-connection-scene.ts';
import { failure } from './samples.ts';

describe('while the hub is away', () => {
  test('everything is kept in order and said on the next link', () => {
    const scene = beginLink().goOnline();
    scene.breakLink();
    const reports = [note('A'), conclusion('B'), note('C'), conclusion('A')];
    for (const report of reports) scene.report(report);
    while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
    scene.goOnline().claim('C').stillOpen();
    expect(scene.delivered().map(({ report }) => report)).toEqual(reports);
  });

  test('a result whose job was given to somebody else meanwhile is not said', () => {
    const scene = beginLink().goOnline();
    scene.breakLink();
    for (const job of ['A', 'B', 'C']) scene.report(conclusion(job));
    while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
    scene.goOnline();
    expect(scene.stage.the('probeAssignments').input).toEqual({ assignmentIds: ['a-A', 'a-B', 'a-C'] });
    scene.stillOpen(['a-A', 'a-C']);
    expect(scene.deliveredJobs()).toEqual(['conclusion A', 'conclusion C']);
  });

  test('notes are dropped oldest first and counted, conclusions never', () => {
    const scene = beginLink();
    for (let n = 0; n < MAX_HELD_NOTES + 5; n += 1) {
      scene.report(note('A', `line ${n}`));
      if (n % 100 === 0) scene.report(conclusion(`J${n}`));
    }
    scene.goOnline().claim('A').stillOpen();
    const [command] = scene.commands().filter(({ type }) => type === 'socket.deliver');
    expect(command).toMatchObject({ droppedNotes: 5 });
    const kept = scene.delivered();
    expect(kept.filter(({ report }) => report.kind === 'conclusion')).toHaveLength(11);
    const lines = kept.flatMap(({ report }) =>
      report.kind === 'note' && report.note.kind === 'log' ? [report.note.line] : [],
    );
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([MAX_HELD_NOTES, 'line 5', 'line 1004']);
    scene.report(note('A'));
    expect(scene.commands().at(-1)).toMatchObject({ droppedNotes: 0 });
  });
});

describe('a job in doubt', () => {
  const told = (scene: LinkScene) => scene.delivered().map(({ report }) => report);

  test('is mute after a lost link, old notes included, until the hub counts it as ours', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    scene.assign('B');
    scene.breakLink();
    scene.reports(note('A', 'old'), note('B', 'old'));
    while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
    scene.goOnline();
    scene.reports(note('A', 'new'), note('B', 'new'));
    expect(told(scene)).toEqual([]);
    scene.claim('B');
    expect(told(scene)).toEqual([note('B', 'old'), note('B', 'new')]);
    scene.assign('A');
    expect(told(scene).slice(2)).toEqual([note('A', 'old'), note('A', 'new')]);
  });

  test('that the hub gave away is never spoken of again', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    scene.breakLink();
    scene.report(note('A', 'old'));
    while (!scene.link.is('linked.connecting')) scene.clock.advanceToNext();
    scene.goOnline();
    scene.link.send({ type: 'hub.jobDropped', jobId: 'A' });
    scene.assign('A');
    scene.report(note('A', 'of the next run'));
    expect(told(scene)).toEqual([note('A', 'of the next run')]);
  });

  test('that was refused on a good link is mute from then on', () => {
    const scene = beginLink().goOnline();
    scene.assign('A');
    scene.link.send({ type: 'hub.jobDropped', jobId: 'A' });
    scene.report(note('A'));
    expect(told(scene)).toEqual([]);
  });

  test('has its conclusion asked about also on a link that is up, and its notes go with it', () => {
    for (const stillOpen of [['a-A'], []]) {
      const scene = beginLink().goOnline();
      scene.reports(note('A'), conclusion('A'));
      expect(told(scene)).toEqual([]);
      scene.stillOpen(stillOpen);
      expect(told(scene)).toEqual(stillOpen.length > 0 ? [note('A'), conclusion('A')] : []);
      scene.report(note('A', 'after the end'));
      expect(told(scene)).toHaveLength(stillOpen.length * 2);
    }
  });

  test('that is doubted during the question of others is asked about after them', () => {
    const scene = beginLink().goOnline();
    scene.report(conclusion('A'));
    const first = scene.stage.the('probeAssignments');
    scene.report(conclusion('B'));
    first.answer({ asked: ['a-A'], stillOpen: [] });
    expect(scene.stage.the('probeAssignments').input).toEqual({ assignmentIds: ['a-B'] });
    scene.stillOpen();
    expect(scene.deliveredJobs()).toEqual(['conclusion B']);
  });
});

describe('a conclusion', () => {
  test('is said once when its receipt comes', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.confirmAll();
    scene.reconnect();
    expect(scene.stage.calls.some(({ port }) => port === 'probeAssignments')).toBe(false);
    expect(scene.delivered()).toEqual([]);
  });

  test('a receipt stands for everything that was said before it, and for nothing after', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    for (const job of ['A', 'B', 'C']) scene.report(conclusion(job));
    const [, second] = scene.delivered();
    scene.confirm(second?.seq as number);
    scene.reconnect();
    expect(scene.stage.the('probeAssignments').input).toEqual({ assignmentIds: ['a-C'] });
  });

  test('without a receipt is asked for on the next link, and said again if the hub waits for it', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.report(conclusion('B'));
    scene.reconnect().claim('C');
    scene.report(note('C'));
    expect(scene.delivered()).toEqual([]);
    scene.stillOpen(['a-B']);
    expect(scene.deliveredJobs()).toEqual(['conclusion B', 'note C']);
    scene.confirmAll();
    scene.reconnect();
    expect(scene.stage.open('probeAssignments')).toEqual([]);
  });

  test.each([
    [
      'fails again and again',
      (scene: LinkScene) => {
        scene.stage.the('probeAssignments').fail(failure('HUB_UNAVAILABLE'));
        scene.clock.advance(hubLimits.reconcileTimeout);
      },
    ],
    ['hangs', (scene: LinkScene) => scene.clock.advance(hubLimits.reconcileTimeout)],
  ])('is said again when the question %s: twice is better than never', (_, end) => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.reconnect();
    scene.socket().say({ type: 'socket.heard' });
    end(scene);
    expect(scene.deliveredJobs()).toEqual(['conclusion A']);
  });

  test('that came too late for a dying link is asked for as well', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.assign('A');
    scene.clock.advance(hubLimits.silenceTimeout);
    scene.report(conclusion('A'));
    scene.reconnect();
    expect(scene.requeued()).toEqual(['A']);
    scene.stillOpen([]);
    expect(scene.delivered()).toEqual([]);
  });

  test('is asked for again when the link breaks during the question', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.reconnect().reconnect();
    scene.stillOpen(['a-A']);
    expect(scene.deliveredJobs()).toEqual(['conclusion A']);
  });
});

describe('a job that goes back to the hub', () => {
  const outcomes = (scene: LinkScene) =>
    scene
      .delivered()
      .flatMap(({ report }) => (report.kind === 'conclusion' ? [report.conclusion.outcome] : []));
  const handBack = () => {
    const scene = beginLink().goOnline();
    for (const job of ['A', 'B']) scene.assign(job);
    scene.report(returned('A'));
    return scene;
  };

  test('is asked about though it came on this link: one that does not run there would count as done', () => {
    const scene = handBack();
    expect(outcomes(scene)).toEqual([]);
    scene.stillOpen();
    expect(outcomes(scene)).toEqual(['returned']);
    scene.confirmAll();
    expect(scene.link.context.outbox.unconfirmed).toEqual([]);
  });

  test('that the hub has taken back itself is not mentioned', () => {
    const scene = handBack();
    scene.stillOpen([]);
    expect(outcomes(scene)).toEqual([]);
  });

  test.each([
    [
      'says nothing clear',
      (scene: LinkScene) => {
        const probe = scene.stage.the('probeAssignments');
        const { assignmentIds: asked } = probe.input;
        probe.answer({ asked, stillOpen: asked, unclear: asked });
      },
    ],
    ['does not answer', (scene: LinkScene) => scene.clock.advance(hubLimits.reconcileTimeout)],
    [
      'cannot be asked before the link is closed',
      (scene: LinkScene) => {
        scene.requestClose();
        scene.stage.the('probeAssignments').fail(new Error('no'));
      },
    ],
  ])('of which the hub %s is told to have failed instead', (_, end) => {
    const scene = handBack();
    end(scene);
    expect(outcomes(scene)).toEqual(['failed']);
  });

  test('and may not have arrived there is asked about again on the next link', () => {
    const scene = handBack();
    scene.stillOpen();
    scene.reconnect();
    expect(scene.stage.the('probeAssignments').input).toEqual({ assignmentIds: ['a-A'] });
    scene.stillOpen();
    expect(outcomes(scene)).toEqual(['returned']);
  });
});

describe('a request to close', () => {
  test('with nothing to say sends a Close frame and waits for the answer', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.requestClose();
    expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
    scene.breakLink();
    scene.expectClosed();
    expect(scene.owner.types()).toEqual(['hub.linkUp']);
  });

  test('is done after 8 s when nothing ends the connection', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.requestClose();
    scene.requestClose();
    scene.assign('late');
    scene.clock.advance(hubLimits.closeTimeout + hubLimits.hangUpTimeout);
    scene.expectClosed();
  });

  test('while greeting says good-bye as well, because the hub has counted us in', () => {
    const scene = beginLink().open();
    scene.requestClose();
    expect(scene.commands().map(({ type }) => type)).toEqual(['socket.hello', 'socket.close']);
    scene.breakLink();
    scene.expectClosed();
  });

  test.each([
    ['connecting', () => {}],
    ['backingOff', (scene: LinkScene) => scene.breakLink()],
    [
      'refused',
      (scene: LinkScene) => {
        scene.open().receive({ type: 'authFailed' });
        scene.report(conclusion('nobody hears it'));
      },
    ],
  ])('while %s is done at once', (_, come) => {
    const scene = beginLink();
    come(scene);
    scene.requestClose();
    scene.expectClosed();
  });

  test('says what is left first and waits for the receipt', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.requestClose();
    expect(scene.link.is('linked.flushing')).toBe(true);
    scene.report(conclusion('B'));
    expect(scene.deliveredJobs()).toEqual(['conclusion A', 'conclusion B']);
    scene.confirmAll();
    expect(scene.commands().at(-1)).toEqual({ type: 'socket.close' });
    scene.breakLink();
    scene.expectClosed();
  });

  test('waits for receipts 10 s and not longer', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.requestClose();
    scene.clock.advance(hubLimits.flushTimeout - 1);
    expect(scene.link.is('linked.flushing')).toBe(true);
    scene.clock.advance(1 + hubLimits.closeTimeout + hubLimits.hangUpTimeout);
    scene.expectClosed();
  });

  test('during the question about an earlier link does not forget what was asked for', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.report(conclusion('B'));
    scene.reconnect().claim('C');
    scene.report(conclusion('C'));
    scene.requestClose();
    scene.requestClose();
    scene.stillOpen(['a-A']);
    expect(scene.deliveredJobs()).toEqual(['conclusion A', 'conclusion C']);
    scene.confirmAll();
    scene.breakLink();
    scene.expectClosed();
  });

  test('during that question, when it fails: everything is said again', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.report(conclusion('A'));
    scene.reconnect();
    scene.requestClose();
    scene.stage.the('probeAssignments').fail(failure('HUB_UNAVAILABLE'));
    expect(scene.deliveredJobs()).toEqual(['conclusion A']);
  });

  test('without a link keeps trying while there is a result to say, at once for the first time', () => {
    const scene = beginLink().goOnline().claim('A', 'B', 'C');
    scene.breakLink();
    scene.report(conclusion('A'));
    scene.requestClose();
    expect(scene.link.is('linked.connecting')).toBe(true);
    scene.requestClose();
    scene.goOnline();
    expect(scene.owner.types().at(-1)).toBe('hub.linkUp');
    scene.requestClose();
    scene.stillOpen();
    expect(scene.deliveredJobs()).toEqual(['conclusion A']);
    scene.confirmAll();
    scene.breakLink();
    scene.expectClosed();
  });
});
