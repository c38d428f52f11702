import type { JobRecord } from '../history/record.ts';
import type { jobMetrics } from './definitions.ts';
import { codeLabel } from './labels.ts';

const seconds = (ms: number): number => ms / 1_000;

const KINDS = ['input', 'host', 'upstream', 'defect'];

/** Counts each job whose result is known. Those that there will be begin at 0: Prometheus sees no step from nothing to 1. */
export function observeJobs(metrics: ReturnType<typeof jobMetrics>): (record: JobRecord) => void {
  metrics.jobs.inc({ result: 'succeeded', kind: '' }, 0);
  for (const kind of KINDS) metrics.jobs.inc({ result: 'failed', kind }, 0);
  return (record) => {
    const { result, failure, stages, waits, bytes, retries } = record;
    metrics.jobs.inc({ result, kind: failure?.kind ?? '' });
    if (failure) metrics.failures.inc({ code: codeLabel(failure.code) });
    metrics.jobSeconds.observe({ result }, seconds(record.durationMs));
    for (const { stage, durationMs } of stages) metrics.stageSeconds.observe({ stage }, seconds(durationMs));
    metrics.retries.inc(retries);
    metrics.bundleBytes.inc(bytes.bundle ?? 0);
    metrics.artifactBytes.inc(bytes.artifact ?? 0);
    // one that was not taken has waited for nothing
    if (result === 'notTaken') return;
    metrics.slotWaits.observe(seconds(waits.slotMs));
    metrics.machineWaits.observe(seconds(waits.machineMs));
    if (waits.appleMs > 0) metrics.appleWaits.observe(seconds(waits.appleMs));
  };
}
