import { collectDefaultMetrics, Registry } from 'prom-client';
import type { InspectionEvent } from 'xstate';
import type { JobRecord } from '../history/record.ts';
import type { DaemonStatus, SupervisorSnapshot } from '../observability/status.ts';
import { type Route, text } from '../web/route.ts';
import { alarmMetrics, eventMetrics, jobMetrics, standingMetrics } from './definitions.ts';
import { labelAmong } from './labels.ts';
import { observeEvents } from './observe-events.ts';
import { observeJobs } from './observe-jobs.ts';
import { notReadyBecause } from './readiness.ts';
import { noteAlarms, noteStanding } from './standing.ts';

export interface MetricsOptions {
  readonly status: () => DaemonStatus;
  readonly snapshot: () => SupervisorSnapshot;
  /** Names of all alarms that there are. */
  readonly alarms: readonly string[];
  /** Something could not be counted. */
  readonly onFault: (error: unknown) => void;
}

export interface Metrics {
  /** `/metrics`, `/healthz` and `/readyz`. */
  readonly routes: readonly Route[];
  /** For `inspect` of the actor system. */
  readonly observe: (inspected: InspectionEvent) => void;
  /** Once for each job whose result is known. */
  readonly jobFinished: (record: JobRecord) => void;
  readonly alarmRaised: (alarm: string) => void;
}

/** How often the event loop is asked how late it is: this finds a silence of 50 ms, and costs nothing. */
const LAG_PRECISION_MS = 20;

/** Gauges that prom-client 15 names like counters; the same figures are there by type, without `_total`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** What Prometheus reads of this daemon, in a registry of its own. */
export function createMetrics({ status, snapshot, alarms, onFault }: MetricsOptions): Metrics {
  const registry = new Registry();
  // memory, CPU, open files, event loop, garbage collection
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const standing = standingMetrics(registry);
  const raised = alarmMetrics(registry);
  for (const alarm of alarms) raised.times.inc({ alarm }, 0);
  const readMetrics = async () => {
    const now = status();
    noteStanding(standing, now, snapshot());
    noteAlarms(raised, alarms, now);
    return { type: registry.contentType, body: await registry.metrics() };
  };
  return {
    routes: [
      { path: '/metrics', get: readMetrics },
      { path: '/healthz', get: () => text(200, 'alive\n') },
      { path: '/readyz', get: () => readiness(status()) },
    ],
    observe: observeEvents(eventMetrics(registry), onFault),
    jobFinished: observeJobs(jobMetrics(registry)),
    alarmRaised: (alarm) => raised.times.inc({ alarm: labelAmong(alarms, alarm) }),
  };
}

function readiness(status: DaemonStatus) {
  const reasons = notReadyBecause(status);
  return reasons.length === 0 ? text(200, 'ready\n') : text(503, `not ready\n${reasons.join('\n')}\n`);
}
