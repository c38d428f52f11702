import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, StateMachine } from 'xstate';
import { allNodes, delaysOf, invokesOf, type Node, namesUsed } from './config-facts.ts';

/** What neither the compiler nor xstate says anything about: names and keys that are misspelt, waits without an end. */
const folder = join(import.meta.dirname, '../../machines');
const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('machine.ts'));
const modules = await Promise.all(files.map((file) => import(join(folder, file)) as Promise<object>));
const machines = modules.flatMap((exported) =>
  Object.values(exported).filter((value): value is AnyStateMachine => value instanceof StateMachine),
);

const ROOT_KEYS = ['id', 'context', 'output', 'version', 'types', 'schemas', 'options'];
const NODE_KEYS = [
  ...['description', 'type', 'initial', 'states', 'entry', 'exit', 'invoke', 'on', 'after', 'always'],
  ...['onDone', 'output', 'tags', 'meta', 'history', 'target'],
];
const INVOKE_KEYS = ['id', 'src', 'input', 'onDone', 'onError', 'onSnapshot', 'systemId'];
const TRANSITION_KEYS = ['target', 'guard', 'actions', 'reenter', 'description', 'meta'];

/** What has no end of its own has no `onDone`: live ports, and the pool, which lives as long as its owner. */
const ENDLESS = [
  ...['runVm', 'watchGuest', 'watchRun', 'watchJob'],
  ...['hubSocket', 'vmPool', 'interruptedJobs', 'clusterCapacity'],
];

/** States that may last for ever, each with the reason why that is right. Nothing else may. */
const RESTING: Readonly<Record<string, string>> = {
  // supervisor
  'supervisor.serving.link.offline': 'repeats what the hub-connection said',
  'supervisor.serving.link.online': 'repeats what the hub-connection said',
  'supervisor.serving.link.refused': 'repeats what the hub-connection said',
  'supervisor.serving.interrupted': 'interrupted-jobs has the deadlines',
  'supervisor.serving.slots.open': 'the host gives every slot',
  'supervisor.serving.work.paused': 'the daemon takes no jobs until it is told to',
  'supervisor.serving.work.unable': 'looked at again and again in the region beside it, until it is over',
  'supervisor.serving.work.accepting': 'the daemon serves until it is told to stop',
  'supervisor.serving.leaks.none': 'there is nothing to wait for',
  'supervisor.serving.returns.none': 'there is nothing to wait for',
  // hub-connection: its two guards of the link, heart and hearing, have deadlines of their own
  'hubConnection.linked.online.delivery.flowing': 'the link lives as long as it is heard',
  'hubConnection.linked.online.health.proven': 'the link lives as long as it is heard',
  // interrupted-jobs
  'interruptedJobs.offline': 'follows the hub-connection',
  'interruptedJobs.settled': 'there is nothing to wait for',
  'hubConnection.linked.online.starvation.busy': 'the jobs that are here have deadlines of their own',
  // cluster-machine: the controller's silence has a deadline in the region beside it
  'clusterMachine.followed.stage.starting': 'vm-lifecycle gives up what nobody gets into in time',
  'clusterMachine.followed.stage.running': 'the machine lives as long as its job',
  'supervisor.serving.capacity.fixed': 'there is nothing to wait for',
  'supervisor.serving.capacity.followed.known': 'cluster-capacity has the deadlines',
  'supervisor.serving.capacity.followed.unknown': 'cluster-capacity has the deadlines',
  'clusterCapacity.room.steady': 'the controller is asked in the region beside it',
  'clusterLook.idle': 'there is nothing to wait for',
  'pageFeed.unwatched': 'nobody watches',
  'alarm.recalled': 'alarm-watch looks again and again',
  'alarm.quiet': 'there is nothing to tell',
  'alarm.raised': 'alarm-watch looks again and again, until it is over',
  'alarmDelivery.idle': 'there is nothing to wait for',
  // sign-job: the work has the deadlines, its companions follow it
  'signJob.engaged.work.reporting': 'waits only for the question about the claim, which has a deadline',
  'signJob.engaged.work.releasing': 'ends when vm-lifecycle does, whose every state has a deadline',
  'signJob.engaged.process.none': 'follows the work',
  'signJob.engaged.process.gone': 'there is nothing to wait for: the work is told',
  'signJob.engaged.machine.none': 'follows the work',
  'signJob.engaged.machine.owned.acquiring': 'follows the work and the deadlines of vm-lifecycle',
  'signJob.engaged.machine.owned.ready': 'follows the work',
  'signJob.engaged.machine.owned.lost': 'ends when vm-lifecycle does, whose every state has a deadline',
  'signJob.engaged.machine.owned.releasing': 'ends when vm-lifecycle does, whose every state has a deadline',
  'signJob.engaged.claim.valid': 'follows the hub',
  'signJob.engaged.claim.doubtful': 'the work that waits for the claim has a deadline',
  'signJob.engaged.claim.expired': 'the work is told and ends',
  // lone-signer
  'loneSigner.signing': 'ends when the sign-job does, which has the deadlines',
  // image-build: its machines are vm-lifecycles, whose every state has a deadline
  'imageBuild.making.booting': 'ends when vm-lifecycle is ready, or has ended',
  'imageBuild.making.shuttingDown': 'ends when vm-lifecycle does',
  'imageBuild.making.releasing': 'ends when vm-lifecycle does',
  'imageBuild.checking.booting': 'ends when vm-lifecycle is ready, or has ended',
  'imageBuild.checking.releasing': 'ends when vm-lifecycle does',
  // image-check: so is its machine
  'imageCheck.trying.booting': 'ends when vm-lifecycle is ready, or has ended',
  'imageCheck.trying.releasing': 'ends when vm-lifecycle does',
  // vm-pool and vm-lifecycle
  'vmPool.keeping': 'standby machines stay as long as they are wanted',
  'vmLifecycle.alive.ready.serving': 'the job that owns the machine has the deadline',
};

test('every machine is looked at', () => expect(machines.length).toBe(files.length));

describe.each(machines.map((machine) => [machine.id, machine] as const))('%s', (_, machine) => {
  const nodes = allNodes(machine);
  const named = (find: (node: Node) => readonly string[]) =>
    nodes.flatMap((node) => find(node).map((text) => `${node.id}: ${text}`));
  const unknown = (keys: object | undefined, allowed: readonly string[]) =>
    Object.keys(keys ?? {}).filter((key) => !allowed.includes(key));

  test('has no misspelt key', () => {
    const wrong = named((node) => [
      ...unknown(node.config, node.parent ? NODE_KEYS : [...NODE_KEYS, ...ROOT_KEYS]),
      ...invokesOf(node).flatMap((invoke) => unknown(invoke, INVOKE_KEYS)),
      ...namesUsed(node).transitions.flatMap((transition) => unknown(transition, TRANSITION_KEYS)),
    ]);
    expect(wrong).toEqual([]);
  });

  test('names only actors, actions, guards and delays that exist', () => {
    const { actors, actions, guards, delays } = machine.implementations;
    const missing = named((node) => {
      const used = namesUsed(node);
      return [
        ...invokesOf(node).flatMap(({ src }) => (src in (actors ?? {}) ? [] : [`actor ${src}`])),
        ...used.actions.filter((name) => !(name in actions) && !name.startsWith('xstate.')),
        ...used.guards.filter((name) => !(name in guards) && !name.startsWith('xstate.')),
        ...used.delays.filter((name) => !(name in delays) && !/^\d+$/.test(name)),
      ];
    });
    expect(missing).toEqual([]);
  });

  test('implements nothing that it does not use', () => {
    const used = nodes.map(namesUsed);
    const unused = (kind: 'actions' | 'guards' | 'delays') =>
      Object.keys(machine.implementations[kind] ?? {}).filter(
        (name) => !used.some((names) => names[kind].includes(name)),
      );
    expect([...unused('actions'), ...unused('guards'), ...unused('delays')]).toEqual([]);
  });

  test('hears how each effect ends', () => {
    const deaf = named((node) =>
      invokesOf(node).flatMap(({ src, onDone, onError }) => [
        ...(onDone === undefined && !ENDLESS.includes(src) ? [`${src} has no onDone`] : []),
        ...(onError === undefined ? [`${src} has no onError`] : []),
      ]),
    );
    expect(deaf).toEqual([]);
  });

  test('describes itself and each of its states', () => {
    expect(named((node) => (node.config.description?.trim() ? [] : ['no description']))).toEqual([]);
  });

  test('has no delay that Node would cut short', () => {
    const wrong = delaysOf(machine).filter(
      ([, ms]) => typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0 || ms >= 2 ** 31,
    );
    expect(wrong).toEqual([]);
  });

  test('waits nowhere without a deadline', () => {
    const hasDeadline = (node: Node): boolean =>
      Object.keys(node.config.after ?? {}).length > 0 || (node.parent ? hasDeadline(node.parent) : false);
    /** An eventless transition without a guard leaves at once. */
    const isTransient = (node: Node) => (node.always ?? []).some(({ guard }) => guard === undefined);
    /** Only leaves wait: a compound state is always in one of its children. */
    const waits = nodes.filter(
      (node) => Object.keys(node.states).length === 0 && node.type !== 'final' && !isTransient(node),
    );
    const endless = waits.filter((node) => !hasDeadline(node)).map(({ id }) => id);
    const resting = Object.keys(RESTING).filter((id) => id.startsWith(`${machine.id}.`));
    expect(endless.sort()).toEqual(resting.sort());
  });
});
