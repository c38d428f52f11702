import { expect, test } from 'vitest';
import { storeUploadMachine } from '../../machines/store-upload/machine.ts';
import { inert } from './inert.ts';
import { walk } from './walk.ts';

const ports = [
  'findApp',
  'checkGroups',
  'reserveUpload',
  'recordUpload',
  'reserveFile',
  'sendParts',
  'commitFile',
  'askUpload',
  'findOwnBuild',
];
const machine = storeUploadMachine.provide({ actors: inert(ports) });
const failure = (code: string, retryable: boolean) => ({
  kind: 'upstream' as const,
  code,
  summary: 'x',
  reason: '',
  nextStep: '',
  retryable,
});
const errors = [
  { error: failure('AUTH', false) },
  { error: failure('BUSY', true) },
  { error: failure('STORE_DUPLICATE', false) },
  { error: failure('STORE_UPLOAD_UNKNOWN', true) },
];
const verdicts = [
  ...['awaitingUpload', 'processing', 'complete'].map((state) => ({ state, failure: null })),
  ...['STORE_REJECTED', 'STORE_DUPLICATE'].map((code) => ({
    state: 'failed',
    failure: failure(code, false),
  })),
].map((verdict) => ({ output: { ...verdict, remarks: [] } }));

const missingAfter = (uploadId: string | null, namesGroups = false) =>
  walk(machine, {
    input: { runId: 'r', uploadId, namesGroups },
    key: (s) =>
      JSON.stringify([
        s.value,
        // one number of them is enough to see every count of the other
        s.context.staleAnswers > 0 ? 1 : s.context.attempts,
        s.context.fileId,
        Math.min(s.context.commits, 1),
        s.context.commitRefusal === null,
        s.context.staleAnswers,
        s.context.failure?.code,
        s.status,
      ]),
    samples: {
      'xstate.done.actor.findApp': [{ output: '123' }],
      'xstate.done.actor.reserveUpload': [{ output: 'u' }],
      'xstate.done.actor.reserveFile': [{ output: { fileId: 'f', parts: [1, 2] } }],
      'xstate.done.actor.sendParts': [
        { output: { missing: [], hasExpired: false, retryAfterMs: null } },
        { output: { missing: [2], hasExpired: false, retryAfterMs: null } },
        { output: { missing: [2], hasExpired: true, retryAfterMs: 5_000 } },
      ],
      'xstate.done.actor.findOwnBuild': ['none', 'processing', 'valid'].map((output) => ({ output })),
      'xstate.done.actor.reconcileUpload': verdicts,
      'xstate.done.actor.askUpload': verdicts,
      ...Object.fromEntries([...ports, 'reconcileUpload'].map((id) => [`xstate.error.actor.${id}`, errors])),
    },
    check: (s) => {
      if (s.status === 'done' && s.output.outcome === 'failed') expect(s.output.failure).not.toBeNull();
      if (s.status === 'done' && s.output.outcome === 'published') expect(s.output.uploadId).not.toBeNull();
    },
  }).missing;

test('store-upload: every transition is walked, from a new upload or from one that was begun before a restart', () => {
  const fresh = missingAfter(null);
  const others = [missingAfter('u'), missingAfter(null, true)];
  expect(fresh.filter((name) => others.every((missing) => missing.includes(name)))).toEqual([]);
});
