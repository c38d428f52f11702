import type { Failure } from '../contracts/failure.ts';
import type { HubReport } from '../contracts/hub.ts';
import type { Conclusion } from '../contracts/job.ts';

export function noteOf(jobId: string, note: Extract<HubReport, { kind: 'note' }>['note']) {
  return { type: 'hub.report' as const, report: { kind: 'note' as const, jobId, note } };
}

export function conclusionOf(jobId: string, assignmentId: string, conclusion: Conclusion) {
  return {
    type: 'hub.report' as const,
    report: { kind: 'conclusion' as const, jobId, assignmentId, conclusion },
  };
}

export function failed(jobId: string, assignmentId: string, failure: Failure) {
  return conclusionOf(jobId, assignmentId, { outcome: 'failed', failure, stage: null });
}
