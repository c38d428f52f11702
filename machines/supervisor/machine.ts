import { serving } from './serving.ts';
import { supervisorSetup } from './setup.ts';
import { wishedEarly } from './transitions.ts';

export type { SupervisorInput, SweepRunInput } from './context.ts';

/** Nobody else can answer for the jobs of a killed process. What it left on this host the next start sweeps. */
const endedEarly = [
  { guard: 'nothingInterrupted', target: 'stopped' },
  { target: '#supervisor.serving.work.declining' },
] as const;

/**
 * The root of the actor system: owns the hub link, starts one sign-job per assignment, and is the only one that
 * counts slots.
 *
 * Promises: nothing is accepted before what the previous process left has been swept; never more than `maxConcurrent`
 * machines, whatever the hub hands out, and where room is followed those that could not be deleted are among them; a
 * second assignment of a running job is adopted, not started; no job is taken while every job must fail; every assignment ends in one conclusion, or goes back to the
 * hub; no job of which nothing has left this host is failed because the daemon ends, as long as the hub can be reached;
 * jobs of a killed process are answered for before the next one ends; *drain*, *cancel* and *shutdown* are three different
 * wishes.
 */
export const supervisorMachine = supervisorSetup.createMachine({
  id: 'supervisor',
  description: 'Owns the hub link, starts one sign-job per assignment, counts the slots.',
  context: ({ input }) => ({
    obstacles: [],
    ...input,
    isYielding: false,
    runs: [],
    returned: [],
    leaked: [],
    leakSweeps: 0,
    standbys: 0,
    quarantined: 0,
    concluded: { succeeded: 0, failed: 0, cancelled: 0 },
  }),
  initial: 'sweeping',
  states: {
    sweeping: {
      description: 'Clones and run directories that the previous process left are destroyed, only our own.',
      invoke: {
        id: 'sweepLeftovers',
        src: 'sweepLeftovers',
        input: ({ context }) => ({ instance: context.instance }),
        onDone: {
          target: 'serving',
          actions: { type: 'noteLeaks', params: ({ event }) => ({ names: event.output }) },
        },
        onError: 'listFailed',
      },
      on: { ...wishedEarly, 'shutdown.requested': endedEarly, 'drain.requested': endedEarly },
      after: { sweepTimeout: 'listFailed' },
    },
    listFailed: {
      description: 'Cannot list leftover machines; taking no jobs until that works.',
      on: { ...wishedEarly, 'shutdown.requested': endedEarly, 'drain.requested': endedEarly },
      after: { sweepPause: 'sweeping' },
    },

    serving,
    stopped: { description: 'Nothing runs any more; the process may end.', type: 'final' },
  },
});
