import type { AnyActorRef, InspectionEvent } from 'xstate';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { SLOT_REFUSED } from '../../machines/supervisor/failures.ts';
import { jobOf } from './job-of.ts';
import type { Logger } from './logger.ts';
import { JOB_ASSIGNED } from './redact-line.ts';

type Told = Record<string, unknown> & { type: string };
type Describe = (
  event: Told,
) => [level: 'debug' | 'info' | 'warn' | 'error', text: string, facts?: object] | undefined;

/** One line a fact: what the actors say to each other, as far as an operator wants to read it. */
const lines: Readonly<Record<string, Describe>> = {
  'hub.linkUp': () => ['info', 'linked to the hub'],
  'hub.linkLost': ({ reason, requeuedJobId }) => ['warn', 'link to the hub lost', { reason, requeuedJobId }],
  'hub.refused': () => [
    'error',
    `the hub refuses the worker secret: set PERRY_HUB_WORKER_SECRET to the hub's own; tried again in ${hubLimits.refusedRetry / 1_000} s`,
  ],
  'hub.jobAssigned': ({ jobId, assignmentId }) => ['info', JOB_ASSIGNED, { job: jobId, run: assignmentId }],
  'hub.cancelRequested': ({ jobId }) => ['info', 'the hub cancels a job', { job: jobId }],
  'job.noted': ({ jobId, runId, note }) => describeNote(jobId, runId, note as Told & { kind: string }),
  'slot.granted': () => undefined,
  'capacity.changed': ({ slots, account }) =>
    slots === 0
      ? ['warn', NO_ROOM, { account }]
      : ['info', 'the room of the cluster has changed', { slots, account }],
  'capacity.stale': () => ['warn', ROOM_UNKNOWN],
  'capacity.restored': () => ['info', 'the controller of the cluster answers again'],
  'yield.requested': () => ['info', 'an upgrade waits for the jobs that run: no more are taken'],
  'yield.withdrawn': () => ['info', 'no upgrade waits any more'],
  'pause.requested': () => ['info', 'pausing: no jobs are taken until "perry-ship resume"'],
  'resume.requested': () => ['info', 'resuming: jobs are taken again'],
  'drain.requested': () => ['info', 'draining: no more jobs are taken'],
  'shutdown.requested': () => [
    'info',
    'stopping: jobs go back to the hub, what has gone too far is cancelled',
  ],
};

/** Of a cluster none of whose hosts can take a machine. */
export const NO_ROOM =
  'no host of the cluster has room for a machine, and jobs wait: "perry-ship doctor" says why of each; add a Mac, resume one that is paused, or start one that is silent, or set its clock';
const ROOM_UNKNOWN =
  'the controller of the cluster says nothing: the room that it told last counts on; check that it runs and can be reached from this host';

function describeNote(job: unknown, run: unknown, note: Told & { kind: string }): ReturnType<Describe> {
  if (note.kind === 'stage') return ['info', String(note.message), { job, run, stage: note.stage }];
  if (note.kind === 'log') return ['info', String(note.line), { job, run, stage: note.stage }];
  return undefined;
}

/** An observer of the whole actor system; whatever it meets, it never throws into an actor. */
export const logEvents = (logger: Logger) => {
  const states = new WeakMap<object, unknown>();
  return (inspected: InspectionEvent): void => {
    try {
      if (inspected.type === '@xstate.event') logEvent(logger, inspected);
      if (inspected.type === '@xstate.snapshot' && logger.isLevelEnabled('debug'))
        logState(logger, inspected, states);
    } catch {
      // an observer that throws would wedge the actor it looks at
    }
  };
};

/** Where a statechart stands now; machines of one run are told apart by the run in their path. */
function logState(
  logger: Logger,
  { snapshot, actorRef }: Extract<InspectionEvent, { type: '@xstate.snapshot' }>,
  states: WeakMap<object, unknown>,
): void {
  const { value } = snapshot as { value?: unknown };
  const before = states.get(actorRef);
  // a snapshot keeps the object of its value as long as no transition was taken
  if (value === undefined || value === before) return;
  states.set(actorRef, value);
  logger.debug({ actor: pathOf(actorRef as AnyActorRef), state: value }, 'state');
}

const pathOf = (actor: AnyActorRef): string => {
  const parent = (actor as { _parent?: AnyActorRef })._parent;
  return parent ? `${pathOf(parent)}/${nameOf(actor)}` : nameOf(actor);
};

/** Ids like `run.0` come back: what is told is `run.` with the id of the run, `standby.` with the name of the machine. */
function nameOf(actor: AnyActorRef): string {
  const [kind, number] = actor.id.split('.');
  if (!number || !/^\d+$/.test(number)) return actor.id;
  const { context } = actor.getSnapshot() as { context?: { runId?: string; name?: string } };
  return `${kind}.${context?.runId ?? context?.name ?? number}`;
}

function logEvent(
  logger: Logger,
  { event, actorRef }: Extract<InspectionEvent, { type: '@xstate.event' }>,
): void {
  const { id } = actorRef as AnyActorRef;
  if (event.type.startsWith('xstate.error.actor.')) logFault(logger, event as never, actorRef as AnyActorRef);
  if (event.type.startsWith('xstate.done.actor.')) {
    logLeak(logger, event as never);
    logRefusal(logger, event as never);
  }
  const said = lines[event.type]?.(event as Told);
  // a report passes two actors on its way up; it is told once, where it arrives
  if (!said || id !== 'supervisor') return;
  const [level, text, facts = {}] = said;
  logger[level](facts, text);
}

/** The owner of a machine hears how it ended: one that could not be deleted may still run. */
function logLeak(logger: Logger, { output }: { output?: { outcome?: unknown; name?: unknown } }): void {
  if (output?.outcome === 'leaked')
    logger.error({ vm: output.name }, 'a machine could not be deleted: it is tried again until it is gone');
}

/** As the supervisor takes it. */
function logRefusal(logger: Logger, { output }: { output?: { failure?: { code?: unknown } | null } }): void {
  if (output?.failure?.code === SLOT_REFUSED)
    logger.error(
      { code: SLOT_REFUSED },
      'this host refuses machines that it should run: one slot fewer is used for some minutes; look for other virtual machines on it',
    );
}

/** The cause of a failed step, with what only the operator may see. */
function logFault(logger: Logger, event: { type: string; error: unknown }, actor: AnyActorRef): void {
  const step = event.type.slice('xstate.error.actor.'.length);
  const job = jobOf(actor);
  logger.warn(
    { ...(job !== undefined && { job }), actor: actor.id, step, err: event.error },
    'a step failed',
  );
}
