import { createActor, fromPromise } from 'xstate';
import { clusterLookLimits } from '../../machines/cluster-look/limits.ts';
import { clusterLookMachine } from '../../machines/cluster-look/machine.ts';
import type { ShareQuestion } from '../adapters/vm/orchard/follow.ts';
import { unlessAborted } from '../adapters/vm/patience.ts';

export type ClusterLookLimits = { readonly [limit in keyof typeof clusterLookLimits]: number };

interface Waiter<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

/** One question for all who ask at about the same time; the chart cluster-look says when. */
export const createClusterLook =
  (limits: Partial<ClusterLookLimits> = {}): ShareQuestion =>
  <T>(ask: (signal: AbortSignal) => Promise<T>) => {
    const waiting = new Set<Waiter<T>>();
    const askForAll = fromPromise<void, void>(async ({ signal }) => {
      const served = [...waiting];
      waiting.clear();
      try {
        const answer = await ask(signal);
        for (const { resolve } of served) resolve(answer);
      } catch (error) {
        for (const { reject } of served) reject(error);
        throw error;
      }
    });
    const delays = { ...clusterLookLimits, ...limits };
    const actor = createActor(clusterLookMachine.provide({ delays, actors: { askForAll } })).start();
    return async (signal) => {
      signal.throwIfAborted();
      const answer = new Promise<T>((resolve, reject) => {
        waiting.add({ resolve, reject });
      });
      actor.send({ type: 'look.wanted' });
      return (await unlessAborted(answer, signal)) as T;
    };
  };
