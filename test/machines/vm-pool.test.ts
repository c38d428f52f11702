import { describe, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import type { PoolReport } from '../../machines/contracts/vm.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { deaf, inert, owner } from './inert.ts';
import { failure } from './samples.ts';
import { type Call, recorder, Stage } from './stage.ts';
import { walk } from './walk.ts';

test('vm-pool: every transition is walked, and standby machines never hold more slots than there are', () => {
  const machine = vmPoolMachine.provide({ actors: { ...inert(['makeVmName']), vmLifecycle: deaf } });
  type Named = { name: string; number: number };
  const names = (s: AnyMachineSnapshot) => s.context.standbys.map(({ name }: Named) => name);
  const ends = (kind: string, outcomes: readonly string[]) => (s: AnyMachineSnapshot) =>
    s.context.standbys.flatMap(({ name, number }: Named) =>
      outcomes.map((outcome) => ({
        type: `xstate.${kind}.actor.standby.${number}`,
        actorId: `standby.${number}`,
        output: { name, outcome, failure: null },
      })),
    );
  const result = walk(machine, {
    input: { image: 'i', instance: '00000000', size: 2, free: 2, bootsAtOnce: 2, owner },
    key: (s) =>
      JSON.stringify([
        s.value,
        s.context.size,
        s.context.free,
        s.context.standbys.map((each: { phase: string; reservedFor: string }) => [
          each.phase,
          each.reservedFor,
        ]),
        s.context.requests,
      ]),
    samples: {
      'machine.requested': (s) =>
        s.context.requests.length < 1 && names(s).length < 2 ? [{ runId: 'r', free: 1 }] : [],
      'machine.withdrawn': [{ runId: 'r' }],
      'pool.resized': [{ free: 0 }, { free: 2 }],
      'vm.ready': (s) => names(s).map((name: string) => ({ name })),
      'vm.lost': (s) => names(s).map((name: string) => ({ name, failure: failure('VM_EXITED') })),
      'xstate.done.actor.makeVmName': (s) => [
        { output: ['v1', 'v2'].find((name) => !names(s).includes(name)) },
      ],
      'xstate.done.actor.standby.*': ends('done', ['handedOver', 'deleted', 'leaked']),
      'xstate.error.actor.standby.*': ends('error', ['leaked']),
    },
    // a promised one takes the place of its run, which the owner has counted; one that leaves was let go
    check: (s) =>
      expect(
        s.context.standbys.filter(
          (each: { reservedFor: string | null; phase: string }) =>
            each.reservedFor === null && each.phase !== 'leaving',
        ).length,
      ).toBeLessThanOrEqual(Math.min(s.context.size, s.context.free)),
  });
  expect(result.missing).toEqual([]);
});

/** The pool with every machine played by the test. */
function begin({
  size = 2,
  free = 2,
  bootsAtOnce,
}: {
  readonly size?: number;
  readonly free?: number;
  readonly bootsAtOnce?: number;
} = {}) {
  const stage = new Stage();
  const owner = recorder<PoolReport>();
  const told = owner.events;
  const pool = stage.start(stage.fill(vmPoolMachine), {
    ...{ image: 'i', instance: '0a1b2c3d', size, free, bootsAtOnce },
    owner: owner.ref,
  });
  let named = 0;
  const name = () => {
    named += 1;
    stage.the('makeVmName').answer(`v${named}`);
  };
  const machine = (of: string): Call =>
    stage.calls.filter(({ port, input }) => port === 'vmLifecycle' && input.name === of).at(-1) as Call;
  const ready = (of: string) => machine(of).say({ type: 'vm.ready', name: of });
  const end = (of: string, outcome: string) => machine(of).answer({ name: of, outcome, failure: null });
  const phases = () =>
    pool.context.standbys.map((each: { name: string; phase: string }) => `${each.name} ${each.phase}`);
  const namesAsked = () => stage.calls.filter(({ port }) => port === 'makeVmName').length;
  return { stage, pool, told, name, machine, ready, end, phases, namesAsked };
}

const heardBy = (call: Call) => call.heard.map(({ type }) => type);
const answers = (told: readonly PoolReport[]) =>
  told.flatMap((report) =>
    report.type === 'pool.answered' ? [[report.runId, report.vm?.name ?? null]] : [],
  );

describe('a standby machine', () => {
  test('is booted for every place, asked whether it answers, handed over once, and replaced when a place is free', () => {
    const { pool, name, ready, machine, end, told, phases } = begin();
    name();
    name();
    ready('v1');
    ready('v2');
    expect(phases()).toEqual(['v1 ready', 'v2 ready']);
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    pool.send({ type: 'pool.resized', free: 1 });
    expect(heardBy(machine('v1'))).toEqual(['vm.checkRequested']);
    ready('v1');
    expect(heardBy(machine('v1'))).toEqual(['vm.checkRequested', 'vm.handOverRequested']);
    end('v1', 'handedOver');
    expect(answers(told)).toEqual([['r1', 'v1']]);
    expect(phases()).toEqual(['v2 ready']);
    pool.send({ type: 'pool.resized', free: 2 });
    name();
    expect(phases()).toEqual(['v2 ready', 'v3 warming']);
  });

  test('that is still booting is promised, and goes to its run as soon as it is ready', () => {
    const { pool, name, ready, end, told } = begin({ size: 1 });
    name();
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    expect(answers(told)).toEqual([]);
    ready('v1');
    end('v1', 'handedOver');
    expect(answers(told)).toEqual([['r1', 'v1']]);
  });

  test('boots when the one before it is ready, where the host has processors for one boot', () => {
    const { stage, pool, name, ready, end, told, phases, namesAsked } = begin({ bootsAtOnce: 1 });
    name();
    expect(namesAsked()).toBe(1);
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    pool.send({ type: 'pool.resized', free: 1 });
    // promised to a run, it still boots
    expect(namesAsked()).toBe(1);
    ready('v1');
    end('v1', 'handedOver');
    expect(answers(told)).toEqual([['r1', 'v1']]);
    stage.clock.advance(3_000);
    name();
    expect(phases()).toEqual(['v2 warming']);
  });

  test('is replaced only when the job that got it has begun, where boots keep processors busy', () => {
    const { stage, pool, name, ready, end, told, namesAsked } = begin({ size: 1, bootsAtOnce: 1 });
    name();
    ready('v1');
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    expect(pool.state).toBe('resting');
    ready('v1');
    end('v1', 'handedOver');
    pool.send({ type: 'pool.resized', free: 1 });
    stage.clock.advance(2_999);
    expect(namesAsked()).toBe(1);
    // a job that comes meanwhile waits for nothing: it makes a machine of its own
    pool.send({ type: 'machine.requested', runId: 'r2', free: 0 });
    expect(answers(told)).toEqual([
      ['r1', 'v1'],
      ['r2', null],
    ]);
    stage.clock.advance(1);
    expect(pool.state).toBe('keeping');
    pool.send({ type: 'pool.resized', free: 1 });
    expect(namesAsked()).toBe(2);
  });

  test('that is lost while a job begins makes the pool wait for longer', () => {
    const { pool, name, ready, machine, end } = begin({ bootsAtOnce: 1 });
    name();
    ready('v1');
    name();
    ready('v2');
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    machine('v2').say({ type: 'vm.lost', name: 'v2', failure: failure('VM_EXITED') });
    end('v2', 'deleted');
    expect(pool.state).toBe('recovering');
  });

  test('that was lost makes the pool wait, however few boot at once', () => {
    const { name, machine, end, namesAsked } = begin({ bootsAtOnce: 1 });
    name();
    machine('v1').say({ type: 'vm.lost', name: 'v1', failure: failure('VM_EXITED') });
    end('v1', 'deleted');
    expect(namesAsked()).toBe(1);
  });

  test('that does not answer any more is not handed over: the run gets the next, or makes its own', () => {
    const { pool, name, ready, machine, end, told } = begin({ size: 1 });
    name();
    ready('v1');
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    pool.send({ type: 'pool.resized', free: 1 });
    machine('v1').say({ type: 'vm.lost', name: 'v1', failure: failure('VM_TIMED_OUT') });
    expect(answers(told)).toEqual([]);
    end('v1', 'deleted');
    expect(answers(told)).toEqual([['r1', null]]);
  });

  test('that cannot be deleted is told as a leak', () => {
    const { name, machine, end, told } = begin({ size: 1 });
    name();
    machine('v1').say({ type: 'vm.lost', name: 'v1', failure: failure('VM_EXITED') });
    end('v1', 'leaked');
    expect(told).toContainEqual({ type: 'pool.leaked', name: 'v1' });
  });

  test('is let go where its place is needed, and keeps it until it is gone', () => {
    const { pool, name, ready, machine, end, told, phases } = begin();
    name();
    name();
    ready('v1');
    ready('v2');
    pool.send({ type: 'pool.resized', free: 1 });
    expect(heardBy(machine('v2'))).toEqual(['vm.releaseRequested']);
    expect(phases()).toEqual(['v1 ready', 'v2 leaving']);
    expect(told.at(-1)).toEqual({ type: 'pool.changed', standbys: 2 });
    end('v2', 'deleted');
    expect(told.at(-1)).toEqual({ type: 'pool.changed', standbys: 1 });
  });

  test('stays when the run that it was promised to ends first', () => {
    const { pool, name, ready, phases, told } = begin({ size: 1 });
    name();
    pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
    pool.send({ type: 'machine.withdrawn', runId: 'r1' });
    ready('v1');
    expect(phases()).toEqual(['v1 ready']);
    expect(answers(told)).toEqual([]);
  });
});

test('without standby machines every run makes its own, at once', () => {
  const { pool, told } = begin({ size: 0 });
  pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
  expect(answers(told)).toEqual([['r1', null]]);
});

test('a pool that closes lets everything go and still answers', () => {
  const { pool, name, ready, machine, end, told, phases } = begin({ size: 1 });
  name();
  ready('v1');
  pool.send({ type: 'pool.closing' });
  expect(heardBy(machine('v1'))).toEqual(['vm.releaseRequested']);
  end('v1', 'deleted');
  pool.send({ type: 'machine.requested', runId: 'r1', free: 1 });
  pool.send({ type: 'pool.resized', free: 1 });
  expect(answers(told)).toEqual([['r1', null]]);
  expect(phases()).toEqual([]);
});

test('after a machine was lost no new one is booted for a while', () => {
  const { stage, pool, name, machine, end } = begin({ size: 1 });
  name();
  machine('v1').say({ type: 'vm.lost', name: 'v1', failure: failure('VM_EXITED') });
  end('v1', 'deleted');
  expect(pool.state).toBe('recovering');
  stage.clock.advance(14_999);
  expect(pool.state).toBe('recovering');
  stage.clock.advance(1);
  expect(pool.state).toBe('naming');
});
