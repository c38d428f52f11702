import type { RunReport } from '../channel/messages.ts';
import { reporterFor, reportLimits } from '../step-report.ts';

/** The process keeps to the limits by itself; its clock and ours are not the same, so here is some room. */
const LIMITS = {
  progressGapMs: reportLimits.progressGapMs / 2,
  moveGapMs: reportLimits.moveGapMs / 2,
  linesPerSecond: reportLimits.linesPerSecond * 2,
};

/**
 * Passes on what a step tells, as little as a run in its right mind would have told: the hub relays every note on its
 * one event loop, whoever made it.
 */
export function guardedReports<TReport extends RunReport>(
  send: (report: TReport) => void,
  signal: AbortSignal,
): (report: RunReport) => void {
  const reporter = reporterFor((report) => send(report as TReport), signal, LIMITS);
  return (report) => {
    switch (report.type) {
      case 'step.progressed':
        return reporter.progress(report.percent);
      case 'step.logged':
        return reporter.log(report.line);
      case 'step.moved':
        return reporter.moved(0, 1);
      case 'step.sent':
        return reporter.moved(1, 1);
      case 'upload.progressed':
        if (!signal.aborted) send(report as TReport);
    }
  };
}
