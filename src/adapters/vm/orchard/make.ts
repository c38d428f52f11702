import type { ClusterMachineEnd, ClusterMachineMiss } from '../../../../machines/contracts/cluster.ts';
import type { OrchardApi } from './api.ts';
import { createSuspects, labelsAway } from './avoid.ts';
import { nameTaken, notStarted } from './failures.ts';
import type { FollowedMachine } from './follow.ts';
import type { OrchardMachines } from './machines.ts';
import type { OrchardDriverOptions } from './options.ts';

/** A machine that is being made, and what became of that. */
export interface MadeMachine extends Omit<FollowedMachine, 'started'> {
  /** Never rejects: null when a worker has started it. */
  readonly started: Promise<NotStarted | null>;
  /** With what the controller has refused what was asked of it last; `undefined` where it did not. */
  refusal(): unknown;
}

export interface NotStarted {
  readonly error: unknown;
  /** Another machine has the name, which is to be left alone. */
  readonly isAnother: boolean;
}

const LOOK_THERE = 'Restart Orchard there, and look for machines that it did not make, and for its image.';
const PULLS = 'a worker of the cluster clones for a minute: it has not got the image, and pulls it';
const PULL_BEFORE =
  'Nothing now. To save that wait on another Mac, run "tart pull" there first, as the user that runs Orchard.';
const PULL_OVERDUE =
  'Pull the image there with "tart pull", as the user that runs Orchard; or raise PERRY_VM_CLONE_TIMEOUT_SECONDS, and PERRY_JOB_TIMEOUT_MINUTES with it.';

/** One that said that it clones is not stuck. */
const nextStepAfter = ({ why, message }: ClusterMachineMiss): string =>
  why === 'notMade' && message !== null ? PULL_OVERDUE : LOOK_THERE;

/** Makes machines; what a worker did not bring to run is told to the operator, and the worker avoided for a while. */
export function machineMaker(api: OrchardApi, machines: OrchardMachines, options: OrchardDriverOptions) {
  const { follow, note } = options;
  const suspects = createSuspects();
  const labelsFor = async (name: string, signal: AbortSignal) =>
    labelsAway(api, machines, options, suspects.names(), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      note('warn', 'the workers of the cluster could not be told apart', { vm: name, err: error });
      return {};
    });
  const make = (image: string, name: string): MadeMachine => {
    let refusal: unknown;
    const noting = async <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> => {
      try {
        const said = await answer;
        refusal = undefined;
        return said;
      } catch (error) {
        // one that the chart gave up was not answered, and says nothing
        if (!signal.aborted) refusal = error;
        throw error;
      }
    };
    const request = async (signal: AbortSignal) => {
      const labels = await labelsFor(name, signal);
      return noting(machines.create(image, name, labels, signal), signal);
    };
    const followed = follow(
      {
        request,
        look: (uid, signal) => noting(machines.look(name, uid, signal), signal),
        remove: (signal) => machines.remove(name, signal),
      },
      {
        onStarted: (worker) => void (worker !== null && suspects.clear(worker)),
        onPull: (worker) => note('warn', PULLS, { vm: name, worker, nextStep: PULL_BEFORE }),
        onMissed: (miss) => {
          if (miss.worker !== null) suspects.add(miss.worker);
          note('warn', NOT_BROUGHT_TO_RUN, { vm: name, ...miss, nextStep: nextStepAfter(miss) });
        },
      },
    );
    const lost = (end: ClusterMachineEnd): NotStarted => {
      if (end.worker !== null && (end.why === 'failed' || end.why === 'notMade')) suspects.add(end.worker);
      if (end.why !== 'unwanted')
        note('warn', 'a machine of the cluster was not started', { vm: name, ...end });
      return { error: errorFor(image, name, end, refusal), isAnother: end.why === 'taken' };
    };
    // its end is told elsewhere when it was started
    const first = Promise.race([followed.started.then(() => null), followed.ended]);
    return { ...followed, started: first.then((end) => end && lost(end)), refusal: () => refusal };
  };
  return { make, failingHosts: suspects.counts };
}

const NOT_BROUGHT_TO_RUN = 'a worker of the cluster did not bring a machine to run: another one is asked for';

function errorFor(image: string, name: string, end: ClusterMachineEnd, refusal: unknown): unknown {
  if (end.why === 'taken') return nameTaken(name);
  const isRefused = end.why === 'refused' || end.why === 'unanswered';
  return isRefused && refusal !== undefined ? refusal : notStarted(image, end);
}
