import type { AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate';
import type { eventMetrics } from './definitions.ts';
import { codeLabel, labelAmong } from './labels.ts';

type Metrics = ReturnType<typeof eventMetrics>;
type Told = AnyEventObject & Readonly<Record<string, unknown>>;

const MACHINE = /^(vm|standby\.\d+)$/;
const MACHINE_ENDED = /^xstate\.done\.actor\.(vm|standby\.\d+)$/;
const OUTCOMES = ['deleted', 'leaked', 'handedOver', 'kept'];
/** More than there are ever jobs that wait for an answer. */
const MAX_ASKED = 2_000;

/** Counts what the actors say to each other. It never touches an actor, and never throws into one. */
export function observeEvents(
  metrics: Metrics,
  onFault: (error: unknown) => void,
  now: () => number = Date.now,
): (inspected: InspectionEvent) => void {
  for (const answer of ['none', 'standby']) metrics.poolAnswers.inc({ answer }, 0);
  for (const outcome of OUTCOMES) metrics.machinesEnded.inc({ outcome }, 0);
  const hear = { ...hearSupervisor(metrics), ...hearPool(metrics, now) };
  const machines = watchMachines(metrics, now);
  return (inspected) => {
    try {
      if (inspected.type === '@xstate.actor') machines.begun(inspected.actorRef as AnyActorRef);
      if (inspected.type !== '@xstate.event') return;
      const event = inspected.event as Told;
      const { id } = inspected.actorRef as AnyActorRef;
      hear[`${id} ${event.type}`]?.(event);
      if (event.type === 'vm.ready') machines.ready(inspected.sourceRef as AnyActorRef | undefined);
      else if (MACHINE_ENDED.test(event.type)) countEnd(metrics, event);
      else if (event.type.startsWith('xstate.error.actor.')) countFailure(metrics, event);
    } catch (error) {
      onFault(error);
    }
  };
}

type Hear = Readonly<Record<string, (event: Told) => void>>;

/** What the supervisor hears; a report passes others on its way up, and is counted once. */
function hearSupervisor({ assignments, linksUp, linksLost, refusals }: Metrics): Hear {
  let isUp = false;
  return {
    'supervisor hub.jobAssigned': () => assignments.inc(),
    'supervisor hub.jobMalformed': () => assignments.inc(),
    'supervisor hub.linkUp': () => {
      isUp = true;
      linksUp.inc();
    },
    // attempts that fail are told like that as well
    'supervisor hub.linkLost': () => {
      if (isUp) linksLost.inc();
      isUp = false;
    },
    'supervisor hub.refused': () => refusals.inc(),
  };
}

function hearPool({ poolAnswers, poolWaits }: Metrics, now: () => number): Hear {
  const askedAtMs = new Map<unknown, number>();
  return {
    'pool machine.requested': ({ runId }) => {
      if (askedAtMs.size < MAX_ASKED) askedAtMs.set(runId, now());
    },
    'pool machine.withdrawn': ({ runId }) => void askedAtMs.delete(runId),
    'supervisor pool.answered': ({ runId, vm }) => {
      const askedMs = askedAtMs.get(runId);
      if (askedMs === undefined) return;
      askedAtMs.delete(runId);
      poolAnswers.inc({ answer: vm === null ? 'none' : 'standby' });
      poolWaits.observe((now() - askedMs) / 1_000);
    },
  };
}

function watchMachines({ machineStarts }: Metrics, now: () => number) {
  const begunAtMs = new WeakMap<AnyActorRef, number>();
  return {
    begun: (actor: AnyActorRef): void => {
      if (MACHINE.test(actor.id)) begunAtMs.set(actor, now());
    },
    ready: (actor: AnyActorRef | undefined): void => {
      const begunMs = actor && begunAtMs.get(actor);
      if (actor === undefined || begunMs === undefined || isHandedOver(actor)) return;
      begunAtMs.delete(actor);
      machineStarts.observe((now() - begunMs) / 1_000);
    },
  };
}

/** A standby machine that a job was given: it was started before. */
const isHandedOver = (actor: AnyActorRef): boolean =>
  (actor.getSnapshot() as { context?: { isBooted?: boolean } } | undefined)?.context?.isBooted === true;

function countEnd({ machinesEnded }: Metrics, { output }: Told): void {
  const outcome = (output as { outcome?: unknown } | undefined)?.outcome;
  machinesEnded.inc({ outcome: labelAmong(OUTCOMES, String(outcome)) });
}

function countFailure({ stepFailures }: Metrics, { error }: Told): void {
  const code = (error as { failure?: { code?: unknown } } | undefined)?.failure?.code;
  stepFailures.inc({ code: codeLabel(code) });
}
