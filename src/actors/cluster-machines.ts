import { createActor, fromPromise } from 'xstate';
import { clusterMachineLimits } from '../../machines/cluster-machine/limits.ts';
import { clusterMachine } from '../../machines/cluster-machine/machine.ts';
import type { ClusterMachineEnd, ClusterMachineView } from '../../machines/contracts/cluster.ts';
import type { FollowMachine } from '../adapters/vm/orchard/follow.ts';

export type ClusterMachineLimits = { readonly [limit in keyof typeof clusterMachineLimits]: number };

/** Follows machines of a cluster, each by a chart of its own. */
export const createClusterFollower =
  (limits: Partial<ClusterMachineLimits> = {}): FollowMachine =>
  (look) => {
    const lookAtMachine = fromPromise<ClusterMachineView, void>(({ signal }) => look(signal));
    const delays = { ...clusterMachineLimits, ...limits };
    const actor = createActor(clusterMachine.provide({ delays, actors: { lookAtMachine } }));
    const started = new Promise<void>((resolve) => void actor.on('started', () => resolve()));
    const ended = new Promise<ClusterMachineEnd>((resolve) => {
      actor.subscribe({ complete: () => resolve(actor.getSnapshot().output as ClusterMachineEnd) });
    });
    actor.start();
    return {
      ...{ started, ended },
      lookNow: () => {
        if (actor.getSnapshot().status === 'active') actor.send({ type: 'machine.lookRequested' });
      },
      forget: () => void actor.stop(),
    };
  };
