import type { JobRecord } from '../history/record.ts';
import type { jobMetrics } from './definitions.ts';
import { codeLabel } from './labels.ts';

const seconds = (ms: number): number => ms / 1_000;

/** Counts one job whose result is known. */
export const observeJobs =
  (metrics: ReturnType<typeof jobMetrics>) =>
  (record: JobRecord): void => {
    const { result, failure, stages, waits, bytes, retries } = record;
    metrics.jobs.inc({ result, code: failure ? codeLabel(failure.code) : '' });
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
