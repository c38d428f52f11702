import type { StepReport } from '../../machines/contracts/job.ts';
import type { StepReporter } from './steps/step.ts';

export interface ReportLimits {
  readonly progressGapMs: number;
  readonly moveGapMs: number;
  readonly linesPerSecond: number;
}

/** Every note is relayed by the hub's single event loop: a job may say this much, no more. */
export const reportLimits: ReportLimits = { progressGapMs: 150, moveGapMs: 1_000, linesPerSecond: 8 };

const SECOND_MS = 1_000;

/**
 * Turns what a step tells into events, as few as serve: whole percents that grow, at most a few in a second, and
 * a bounded number of lines; when lines are left out, the next one that passes says how many.
 */
export function reporterFor(
  send: (report: StepReport) => void,
  signal: AbortSignal,
  { progressGapMs, moveGapMs, linesPerSecond }: ReportLimits = reportLimits,
): StepReporter {
  let progress = { percent: 0, atMs: Number.NEGATIVE_INFINITY };
  let movedAtMs = Number.NEGATIVE_INFINITY;
  let lines = { sinceMs: Number.NEGATIVE_INFINITY, said: 0, leftOut: 0 };
  const tell = (event: StepReport) => {
    if (!signal.aborted) send(event);
  };
  return {
    progress: (share) => {
      const percent = Math.min(99, Math.floor(share));
      const now = performance.now();
      const isProgress = percent > progress.percent; // a share of nothing is no number, and no progress
      if (!isProgress || now - progress.atMs < progressGapMs) return;
      progress = { percent, atMs: now };
      tell({ type: 'step.progressed', percent });
    },
    moved: (sentBytes, sizeBytes) => {
      const now = performance.now();
      if (sentBytes >= sizeBytes) return tell({ type: 'step.sent' });
      if (now - movedAtMs < moveGapMs) return;
      movedAtMs = now;
      tell({ type: 'step.moved' });
    },
    log: (line) => {
      const now = performance.now();
      if (now - lines.sinceMs > SECOND_MS) lines = { sinceMs: now, said: 0, leftOut: lines.leftOut };
      if (lines.said >= linesPerSecond) {
        lines = { ...lines, leftOut: lines.leftOut + 1 };
        return;
      }
      const gap = lines.leftOut > 0 ? ` (${lines.leftOut} lines before this one were left out)` : '';
      lines = { ...lines, said: lines.said + 1, leftOut: 0 };
      tell({ type: 'step.logged', line: `${line}${gap}` });
    },
  };
}
