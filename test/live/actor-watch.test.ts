import { describe, expect, test } from 'vitest';
import { type AnyActorRef, assign, createActor, type ErrorActorEvent, fromPromise, setup } from 'xstate';
import { createActorWatch } from '../../src/live/actor-watch.ts';
import type { ChartActor } from '../../src/live/messages.ts';

/** A child that holds what no machine of ours may hold, and a parent that spawns and forgets it. */
const childMachine = setup({
  types: { context: {} as { jobId: string; password: string }, events: {} as { type: 'end' | 'break' } },
  actors: { work: fromPromise(() => new Promise(() => {})) },
}).createMachine({
  id: 'child',
  context: { jobId: 'job-1', password: 'hunter2' },
  initial: 'working',
  states: {
    working: {
      invoke: { src: 'work' },
      on: {
        end: 'ended',
        break: {
          actions: () => {
            throw new Error('hunter2');
          },
        },
      },
    },
    ended: { type: 'final' },
  },
});

const parentMachine = setup({
  types: {
    context: {} as { spawned: number },
    events: {} as
      | { type: 'spawn' | 'flip' }
      | { type: 'note'; line: string; secret?: string }
      | { type: 'step.moved' }
      | ErrorActorEvent<unknown, string>,
  },
  actors: { child: childMachine },
}).createMachine({
  id: 'parent',
  context: { spawned: 0 },
  on: {
    spawn: {
      actions: assign(({ context, spawn }) => {
        spawn('child', { id: `run.${context.spawned}` });
        return { spawned: context.spawned + 1 };
      }),
    },
    note: {},
    'step.moved': {},
    'xstate.error.actor.*': {},
  },
  initial: 'on',
  states: { on: { on: { flip: 'off' } }, off: { on: { flip: 'on' } } },
});

function scene(redact = (text: string) => text.replaceAll('s3cret', '[redacted]')) {
  let now = 1_000;
  const watch = createActorWatch(redact, () => now);
  const root = createActor(parentMachine, { id: 'supervisor', inspect: (event) => void watch.see(event) });
  root.start();
  const childOf = (id: string) => (root.getSnapshot().children as Record<string, AnyActorRef>)[id];
  const named = (actors: readonly ChartActor[] = []) => actors.map(({ name }) => name);
  const later = () => {
    now += 1;
  };
  return { watch, root, childOf, named, later };
}

describe('the actors', () => {
  test('those with a statechart are told, with where they stand and stood', () => {
    const { watch, root, named, later } = scene();
    later();
    root.send({ type: 'flip' });
    root.send({ type: 'spawn' });
    const { begun = [] } = watch.news();
    expect(named(begun)).toEqual(['supervisor', 'run.0']);
    expect(begun[0]).toMatchObject({ chart: 'parent', parent: null, jobId: null });
    expect(begun[0]?.steps).toEqual([
      { atMs: 1_000, value: 'on', event: 'xstate.init' },
      { atMs: 1_001, value: 'off', event: 'flip' },
    ]);
    expect(begun[1]).toMatchObject({ chart: 'child', parent: root.sessionId, jobId: 'job-1' });
  });

  test('of one that is known only what has changed is told, and nothing twice', () => {
    const { watch, root } = scene();
    watch.news();
    root.send({ type: 'flip' });
    expect(watch.news()).toMatchObject({ moved: [{ id: root.sessionId, steps: [{ value: 'off' }] }] });
    expect(watch.news()).toEqual({});
  });

  test('those that end, or break, are no more', () => {
    const { watch, root, childOf, named } = scene();
    for (let child = 0; child < 3; child += 1) root.send({ type: 'spawn' });
    watch.news();
    const gone = ['run.0', 'run.1'].map((id) => childOf(id)?.sessionId);
    childOf('run.0')?.send({ type: 'end' });
    childOf('run.1')?.send({ type: 'break' });
    expect([...(watch.news().ended ?? [])].sort()).toEqual([...gone].sort());
    expect(named(watch.whole().begun)).toEqual(['supervisor', 'run.2']);
  });

  test('one that has come and gone between two messages is not told at all', () => {
    const { watch, root, childOf, named } = scene();
    watch.news();
    root.send({ type: 'spawn' });
    childOf('run.0')?.send({ type: 'end' });
    const { begun, ended } = watch.news();
    expect([named(begun), ended]).toEqual([[], undefined]);
  });

  test('what nobody asks for does not grow', () => {
    const { watch, root } = scene();
    for (let each = 0; each < 500; each += 1) root.send({ type: 'flip' });
    for (let each = 0; each < 500; each += 1) root.send({ type: 'note', line: 'x' });
    const { begun = [], events = [] } = watch.whole();
    expect([begun.length, begun[0]?.steps.length, events.length]).toEqual([1, 60, 300]);
    const { events: fresh, eventsLeftOut } = watch.news();
    expect([fresh?.length, eventsLeftOut]).toEqual([100, 900]);
  });
});

describe('the events', () => {
  test('show what may be seen, without secrets', () => {
    const { watch, root, childOf } = scene();
    root.send({ type: 'note', line: 'signing with s3cret', secret: 'hunter2' });
    root.send({ type: 'spawn' });
    childOf('run.0')?.send({ type: 'break' });
    const { events = [] } = watch.news();
    expect(events.find(({ type }) => type === 'note')).toMatchObject({
      to: root.sessionId,
      facts: { line: 'signing with [redacted]' },
    });
    expect(events.map(({ type }) => type)).toContain('xstate.error.actor.run.0');
    expect(JSON.stringify([watch.whole(), events])).not.toContain('hunter2');
  });

  test('those that say nothing new are left out, and so is what is too long', () => {
    const { watch, root } = scene();
    watch.news();
    root.send({ type: 'step.moved' });
    expect(watch.news().events).toBeUndefined();
    const names = Array.from({ length: 100 }, (_, each) => `name ${each} ${'x'.repeat(400)}`);
    root.send({ type: 'note', line: 'x', names } as never);
    expect(watch.news().events).toMatchObject([{ type: 'note', facts: {} }]);
  });
});
