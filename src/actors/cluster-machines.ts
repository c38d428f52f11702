import { createActor, fromPromise } from 'xstate';
import { clusterMachineLimits } from '../../machines/cluster-machine/limits.ts';
import { clusterMachine } from '../../machines/cluster-machine/machine.ts';
import type { ClusterMachineEnd, ClusterMachineView } from '../../machines/contracts/cluster.ts';
import type { FollowMachine, MachineRequests } from '../adapters/vm/orchard/follow.ts';

export type ClusterMachineLimits = { readonly [limit in keyof typeof clusterMachineLimits]: number };

/** Makes and follows machines of a cluster, each by a chart of its own. */
export const createClusterFollower =
  (limits: Partial<ClusterMachineLimits> = {}): FollowMachine =>
  (requests, { onStarted, onPull, onMissed }) => {
    const delays = { ...clusterMachineLimits, ...limits };
    const actor = createActor(clusterMachine.provide({ delays, actors: portsOf(requests) }));
    actor.on('pulled', ({ worker }) => onPull(worker));
    actor.on('missed', ({ miss }) => onMissed(miss));
    const started = new Promise<void>((resolve) => {
      actor.on('started', ({ worker }) => {
        onStarted(worker);
        resolve();
      });
    });
    const ended = new Promise<ClusterMachineEnd>((resolve, reject) => {
      actor.on('concluded', ({ end }) => resolve(end));
      actor.subscribe({ error: reject });
    });
    ended.catch(() => {});
    const settled = new Promise<void>((resolve) => {
      actor.subscribe({ complete: resolve, error: () => resolve() });
    });
    actor.start();
    const tell = (type: 'machine.entered' | 'machine.unwanted') => {
      if (actor.getSnapshot().status === 'active') actor.send({ type });
    };
    return {
      ...{ started, ended, settled },
      entered: () => tell('machine.entered'),
      unwanted: () => tell('machine.unwanted'),
    };
  };

const portsOf = ({ request, look, remove }: MachineRequests) => ({
  requestMachine: fromPromise<string | null, void>(({ signal }) => request(signal)),
  lookAtMachine: fromPromise<ClusterMachineView, { uid: string | null }>(({ input, signal }) =>
    look(input.uid, signal),
  ),
  removeMachine: fromPromise<void, void>(({ signal }) => remove(signal)),
});
