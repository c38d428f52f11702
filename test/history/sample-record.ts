import type { JobRecord } from '../../src/history/record.ts';

/** A run that went well, but for what is said. */
export const recordOf = (runId: string, more: Partial<JobRecord> = {}): JobRecord => ({
  ...{ v: 1, runId, jobId: `job-${runId}`, appName: 'Tide Clock', target: 'macos-sign' },
  ...{ bundleId: 'org.example.tide', version: '1.2 (42)' },
  ...{ receivedAtMs: 1_000, startedAtMs: 1_010, endedAtMs: 4_000, durationMs: 3_000 },
  ...{ result: 'succeeded', failure: null, stage: 'uploading' },
  stages: [{ stage: 'signing', startedAtMs: 1_500, durationMs: 2_000 }],
  ...{ waits: { slotMs: 0, machineMs: 100, appleMs: 0 }, retries: 0 },
  ...{ bytes: { bundle: 9, artifact: 7 }, machine: 'vm-1', leakedMachine: null },
  artifacts: [{ name: 'Tide Clock.dmg', sizeBytes: 7, sha256Hex: 'ab'.repeat(32) }],
  ...{ submissions: [], publishedAs: null, isResumed: false },
  path: [{ atMs: 1_010, state: 'admitting' }],
  moves: {
    job: [{ atMs: 1_010, event: 'xstate.init', entered: 'engaged.work.admitting engaged.machine.none' }],
    machine: [],
  },
  ...more,
});

export const failed = (code = 'P12_PASSWORD_WRONG'): Partial<JobRecord> => ({
  result: 'failed',
  failure: {
    ...{ code, kind: 'input', summary: 'The password of the certificate is wrong.' },
    ...{ reason: 'It does not open the file.', nextStep: 'Correct the password.' },
  },
});
export const running: Partial<JobRecord> = {
  result: 'running',
  endedAtMs: null,
  durationMs: 500,
  stage: 'signing',
};
