import type { SnapshotFrom } from 'xstate';
import * as z from 'zod';
import type { supervisorMachine } from '../../machines/supervisor/machine.ts';
import type { Run } from '../../machines/supervisor/runs.ts';
import { nextTryAtMs } from './next-try.ts';
import { statePath, valueAt } from './state-path.ts';

const runStatusSchema = z.object({
  jobId: z.string(),
  runId: z.string(),
  /** `admitting`, `waiting` for a slot, `working`, `concluded` (only cleaning up). */
  phase: z.string(),
  appName: z.string().nullable(),
  target: z.string().nullable(),
  bundleId: z.string().nullable(),
  /** Where the work of the run stands, e.g. `running.codesigning`. */
  state: z.string(),
  /** As the hub was told. */
  stage: z.string().nullable(),
  percent: z.number().nullable(),
  /** Whether the hub still counts the job as ours. */
  claim: z.string(),
  machine: z.object({ name: z.string(), state: z.string() }).nullable(),
  /** Code of what ended it, while it cleans up. */
  failure: z.string().nullable(),
  elapsedSeconds: z.number().nullable(),
});

/** A job that failed, was not taken in, or was lost with a killed process. */
const pastFailureSchema = z.object({
  jobId: z.string(),
  runId: z.string(),
  appName: z.string().nullable(),
  /** `failed`, `notTaken` or `interrupted`. */
  result: z.string(),
  endedAtMs: z.number(),
  secondsAgo: z.number(),
  code: z.string().nullable(),
  summary: z.string().nullable(),
  reason: z.string().nullable().default(null),
  nextStep: z.string().nullable(),
});

/** What should not be, and lasts. */
const alarmStatusSchema = z.object({
  /** E.g. `hub-refused`. */
  alarm: z.string(),
  sinceMs: z.number(),
  summary: z.string(),
  reason: z.string(),
  nextStep: z.string(),
});

/** What stands in the way of every job: while there is any, none is taken. */
const obstacleSchema = z.object({
  /** `signatures`, `disk` or `cluster`. */
  about: z.string(),
  summary: z.string(),
  reason: z.string(),
  nextStep: z.string(),
});

const closedPortSchema = z.object({ name: z.string(), port: z.number(), problem: z.string() });

/** What `perry-ship status --json` prints; fields are added, never renamed. */
export const statusSchema = z.object({
  pid: z.number(),
  version: z.string(),
  worker: z.string(),
  hub: z.string(),
  driver: z.string(),
  uptimeSeconds: z.number(),
  /** `online`, `offline` or `refused`; `none` before the first link. */
  link: z.string(),
  /** Where the hub-connection stands, e.g. `linked.online` or `backingOff`. */
  connection: z.string(),
  /** Until the hub is tried again, while there is no link. */
  nextTryInSeconds: z.number().nullable().default(null),
  /** `sweeping`, `listFailed` (leftover machines could not be listed), `accepting`, `unable` (see `obstacles`), `paused`, `yielding`, `draining`, `stopping`, `closing`, `stopped`. */
  work: z.string(),
  /** `standby`: machines that no run has yet. */
  slots: z.object({
    used: z.number(),
    max: z.number(),
    waiting: z.number(),
    /** The host refused them a machine: not used for some minutes. */
    quarantined: z.number().default(0),
    standby: z.number().default(0),
  }),
  runs: z.array(runStatusSchema),
  /** Machines that could not be deleted; they are tried again. */
  leaked: z.array(z.string()),
  /** Macs of a cluster that did not bring machines to run of late, and how often. */
  failingHosts: z.record(z.string(), z.number()).default({}),
  /** Newest first, also those of earlier processes. */
  lastFailures: z.array(pastFailureSchema).default([]),
  /** The account of signatures: its last line, as far as this daemon has looked at it, and what is wrong with it. */
  signatures: z
    .object({ lines: z.number(), sha256: z.string().nullable(), problem: z.string().nullable() })
    .default({ lines: 0, sha256: null, problem: null }),
  /** Why a restart would take back the last pause or resume; null when it would not. */
  pauseProblem: z.string().nullable().default(null),
  obstacles: z.array(obstacleSchema).readonly().default([]),
  /** What is not served for now, e.g. the metrics, because its port cannot be used. */
  closedPorts: z.array(closedPortSchema).readonly().default([]),
  /** Jobs by outcome since the start. */
  concluded: z.record(z.string(), z.number()),
  /** Those that are raised. */
  alarms: z.array(alarmStatusSchema).readonly().default([]),
});

export type PastFailure = z.output<typeof pastFailureSchema>;
export type ClosedPort = z.output<typeof closedPortSchema>;
export type AlarmStatus = z.output<typeof alarmStatusSchema>;
export type RunStatus = z.output<typeof runStatusSchema>;
export type DaemonStatus = z.output<typeof statusSchema>;
export type SupervisorSnapshot = SnapshotFrom<typeof supervisorMachine>;

/** What the statecharts do not know: they hold no clock and no process. */
export interface StatusFacts {
  readonly pid: number;
  readonly version: string;
  readonly worker: string;
  readonly hub: string;
  readonly driver: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly failingHosts?: () => Readonly<Record<string, number>>;
  /** Newest first. */
  readonly lastFailures?: () => readonly Omit<PastFailure, 'secondsAgo'>[];
  readonly alarms?: () => readonly AlarmStatus[];
  readonly closedPorts?: () => readonly ClosedPort[];
  readonly signatures?: () => {
    readonly last: { readonly number: number; readonly sha256Hex: string } | null;
    readonly problem: string | null;
  };
  readonly pauseProblem?: () => string | null;
  /** When the assignment came, as long as that is known. */
  readonly receivedAtMs: (runId: string) => number | undefined;
}

/** How the daemon stands. Pure: built field by field, so that nothing gets out that is not named here. */
export function statusOf(snapshot: SupervisorSnapshot, facts: StatusFacts): DaemonStatus {
  const { pid, version, worker, hub, driver, startedAtMs, nowMs } = facts;
  const { context } = snapshot;
  const { runs, maxConcurrent, quarantined, standbys, leaked, concluded, obstacles } = context;
  return {
    ...{ pid, version, worker, hub: withoutLogin(hub), driver },
    uptimeSeconds: seconds(nowMs - startedAtMs),
    ...linkOf(snapshot, nowMs),
    slots: {
      used: runs.filter(({ holdsSlot }) => holdsSlot).length,
      max: maxConcurrent,
      waiting: runs.filter(({ phase }) => phase === 'waiting').length,
      quarantined,
      standby: standbys,
    },
    runs: runs.map((run) => runStatusOf(run, facts)),
    leaked: [...leaked],
    failingHosts: { ...facts.failingHosts?.() },
    lastFailures: (facts.lastFailures?.() ?? []).map((failure) => ({
      ...failure,
      secondsAgo: seconds(nowMs - failure.endedAtMs),
    })),
    signatures: signaturesOf(facts),
    pauseProblem: facts.pauseProblem?.() ?? null,
    obstacles: obstacles.map(({ about, summary, reason, nextStep }) => ({
      about,
      summary,
      reason,
      nextStep,
    })),
    closedPorts: facts.closedPorts?.() ?? [],
    concluded: { ...concluded },
    alarms: facts.alarms?.() ?? [],
  };
}

/** A machine of a job or of the pool, and where it stands, e.g. `booting`. */
export interface MachineStanding {
  readonly owner: 'job' | 'pool';
  readonly state: string;
}

/** Every machine that lives now; one that leaked does not. */
export function machinesOf({ context, children: { pool } }: SupervisorSnapshot): MachineStanding[] {
  const ofJobs = context.runs.flatMap(({ ref }) => ref.getSnapshot().children.vm ?? []);
  const ofPool = pool?.getSnapshot().context.standbys.map(({ ref }) => ref) ?? [];
  const standing = (owner: 'job' | 'pool') => (machine: (typeof ofPool)[number]) => ({
    owner,
    state: stepOf(statePath(machine.getSnapshot().value)),
  });
  return [...ofJobs.map(standing('job')), ...ofPool.map(standing('pool'))];
}

/** `alive.locating.asking` is `locating`, `deleting.attempting` is `deleting`. */
function stepOf(path: string): string {
  const [first = '', second] = path.split('.');
  return first === 'alive' && second !== undefined ? second : first;
}

function signaturesOf({ signatures }: StatusFacts): DaemonStatus['signatures'] {
  const { last = null, problem = null } = signatures?.() ?? {};
  return { lines: last?.number ?? 0, sha256: last?.sha256Hex ?? null, problem };
}

function linkOf(
  { value, children: { hub } }: SupervisorSnapshot,
  nowMs: number,
): Pick<DaemonStatus, 'link' | 'connection' | 'nextTryInSeconds' | 'work'> {
  const dueMs = nextTryAtMs(hub);
  return {
    link: statePath(valueAt(value, 'serving', 'link')) || 'none',
    connection: statePath(hub?.getSnapshot().value) || 'none',
    nextTryInSeconds: dueMs === null ? null : seconds(dueMs - nowMs),
    work: statePath(valueAt(value, 'serving', 'work')) || statePath(value),
  };
}

function runStatusOf({ runId, jobId, phase, ref }: Run, facts: StatusFacts): RunStatus {
  const { value, context, children } = ref.getSnapshot();
  const { job, bundle, stage, failure, vm } = context;
  const machine = children.vm?.getSnapshot();
  const receivedAtMs = facts.receivedAtMs(runId);
  return {
    ...{ jobId, runId, phase },
    appName: job?.appName ?? null,
    target: job?.target ?? null,
    bundleId: bundle?.bundleId ?? null,
    state: statePath(valueAt(value, 'engaged', 'work')) || statePath(value),
    stage: stage?.name ?? null,
    percent: stage?.percent ?? null,
    claim: statePath(valueAt(value, 'engaged', 'claim')) || 'none',
    machine: machine ? { name: vm.name, state: statePath(machine.value) } : null,
    failure: failure?.code ?? null,
    elapsedSeconds: receivedAtMs === undefined ? null : seconds(facts.nowMs - receivedAtMs),
  };
}

const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000));

/** An address may carry a name and a password before its host, or a token behind its path. */
export function withoutLogin(address: string): string {
  if (!URL.canParse(address)) return '';
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}
