import { type DaemonStatus, machinesOf, type SupervisorSnapshot } from '../observability/status.ts';
import type { alarmMetrics, standingMetrics } from './definitions.ts';
import { labelAmong } from './labels.ts';
import { notReadyBecause } from './readiness.ts';

type Metrics = ReturnType<typeof standingMetrics>;

const LINKS = ['none', 'offline', 'refused', 'online'];
const WORKS = [
  ...['sweeping', 'listFailed', 'accepting', 'unable', 'paused', 'yielding'],
  ...['draining', 'stopping', 'answering', 'closing', 'stopped'],
];
const PHASES = ['admitting', 'waiting', 'working', 'concluded'];
const MACHINES = [
  ...['cloning', 'awaitingSlot', 'booting', 'locating', 'connecting'],
  ...['ready', 'returning', 'stopping', 'deleting'],
];

/** Writes how the daemon stands now into the gauges. */
export function noteStanding(metrics: Metrics, status: DaemonStatus, snapshot: SupervisorSnapshot): void {
  const { version, driver, link, work, slots, runs, leaked, failingHosts } = status;
  metrics.build.set({ version, driver, node: process.version }, 1);
  metrics.ready.set(notReadyBecause(status).length === 0 ? 1 : 0);
  count(metrics.link, 'state', LINKS, [link]);
  count(metrics.work, 'state', WORKS, [work]);
  const phases = runs.map(({ phase }) => phase);
  count(metrics.jobsNow, 'phase', PHASES, phases);
  metrics.slots.set(slots.max);
  metrics.slotsUsed.set(slots.used);
  metrics.slotsQuarantined.set(slots.quarantined);
  noteMachines(metrics.machines, snapshot);
  metrics.leaked.set(leaked.length);
  metrics.failingHosts.set(Object.keys(failingHosts).length);
}

/** 1 for each alarm that is raised. */
export function noteAlarms(
  { now }: ReturnType<typeof alarmMetrics>,
  known: readonly string[],
  { alarms }: DaemonStatus,
): void {
  count(
    now,
    'alarm',
    known,
    alarms.map(({ alarm }) => alarm),
  );
}

interface StateGauge<T extends string> {
  set(labels: Partial<Record<T, string>>, value: number): void;
  reset(): void;
}

/** One series for each known name, 0 where there is none: what is not said cannot be told from what is not there. */
function count<T extends string>(
  gauge: StateGauge<T>,
  label: T,
  known: readonly string[],
  seen: readonly string[],
): void {
  const names = seen.map((name) => labelAmong(known, name));
  gauge.reset();
  for (const name of new Set([...known, ...names]))
    gauge.set({ [label]: name } as Record<T, string>, names.filter((each) => each === name).length);
}

function noteMachines(gauge: Metrics['machines'], snapshot: SupervisorSnapshot): void {
  const machines = machinesOf(snapshot);
  gauge.reset();
  for (const owner of ['job', 'pool'] as const)
    for (const state of [...MACHINES, 'other']) {
      const here = machines.filter(
        (each) => each.owner === owner && labelAmong(MACHINES, each.state) === state,
      );
      if (state !== 'other' || here.length > 0) gauge.set({ owner, state }, here.length);
    }
}
