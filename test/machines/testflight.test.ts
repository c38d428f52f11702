import { expect, test } from 'vitest';
import { testflightMachine } from '../../machines/testflight/machine.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const ports = ['askBuild', 'answerCompliance', 'writeNotes', 'joinGroups', 'requestReview'];
const machine = testflightMachine.provide({ actors: inert(ports) });
const artifact = { name: 'App.ipa', sizeBytes: 1, sha256Hex: 'a'.repeat(64) };
const errors = [{ error: failure('AUTH') }, { error: failure('BUSY', true) }];

const news = (state: string, compliance = 'answered') => ({
  state,
  buildId: state === 'none' ? null : 'b',
  compliance,
  failure: state === 'refused' ? failure('STORE_REJECTED') : null,
});

const wishes = [
  { hasNotes: false, hasGroups: false },
  { hasNotes: true, hasGroups: false },
  { hasNotes: false, hasGroups: true },
  { hasNotes: true, hasGroups: true },
];

test('testflight: every transition is walked, and a failure says that the build is in the store', () => {
  const missing = wishes.map(
    (each) =>
      walk(machine, {
        input: { runId: 'r', artifact, wishes: each },
        key: (s) =>
          JSON.stringify([s.value, s.context.attempts, s.context.buildId, s.context.failure?.code, s.status]),
        samples: {
          'xstate.done.actor.askBuild': [
            ...['none', 'processing', 'refused', 'valid'].map((state) => ({ output: news(state) })),
            { output: news('valid', 'declared') },
            { output: news('valid', 'open') },
          ],
          'xstate.done.actor.joinGroups': [true, false].map((needsReview) => ({
            output: { needsReview, remarks: [] },
          })),
          'xstate.done.actor.requestReview': [{ output: { remarks: ['x'] } }],
          ...Object.fromEntries(ports.map((id) => [`xstate.error.actor.${id}`, errors])),
        },
        check: (s) => {
          if (s.status !== 'done') return;
          const { outcome, failure: why } = s.output;
          expect(why === null).toBe(outcome === 'ready');
          if (why) expect(why.code).toMatch(/^(STORE_FOLLOW_UP_FAILED|STORE_REJECTED)$/);
        },
      }).missing,
  );
  const [first = [], ...others] = missing;
  expect(first.filter((name) => others.every((other) => other.includes(name)))).toEqual([]);
});

const begin = (each: (typeof wishes)[number]) => {
  const stage = new Stage();
  return { stage, actor: stage.start(stage.fill(testflightMachine), { runId: 'r', artifact, wishes: each }) };
};

test('a build is asked for until Apple has processed it; then come the notes, the groups, and the review', () => {
  const { stage, actor } = begin({ hasNotes: true, hasGroups: true });
  for (const state of ['none', 'processing', 'processing']) {
    stage.the('askBuild').answer(news(state));
    stage.clock.advanceToNext();
  }
  stage.the('askBuild').answer(news('valid'));
  stage.the('writeNotes').answer();
  stage.the('joinGroups').answer({ needsReview: true, remarks: ['by itself'] });
  stage.the('requestReview').answer({ remarks: ['asked'] });
  expect(actor.output).toEqual({
    ...{ outcome: 'ready', buildId: 'b', failure: null },
    remarks: ['by itself', 'asked'],
  });
});

test('an answer about encryption that may have been lost is not given once more before Apple was asked', () => {
  const { stage, actor } = begin({ hasNotes: false, hasGroups: false });
  stage.the('askBuild').answer(news('valid', 'declared'));
  stage.the('answerCompliance').fail(failure('APPLE_UNAVAILABLE', true));
  stage.clock.advanceToNext();
  stage.the('askBuild').answer(news('valid', 'answered'));
  expect(actor.output).toMatchObject({ outcome: 'ready', failure: null });
  expect(stage.calls.map(({ port }) => port)).toEqual(['askBuild', 'answerCompliance', 'askBuild']);
});

test('a build that Apple never finishes ends in a failure that calls it uploaded', () => {
  const { stage, actor } = begin({ hasNotes: false, hasGroups: false });
  for (let polls = 0; actor.status === 'active'; polls += 1) {
    if (polls > 1_000) throw new Error('it does not end');
    for (const call of stage.open('askBuild')) call.answer(news('processing'));
    stage.clock.advanceToNext();
  }
  expect(actor.output).toMatchObject({
    outcome: 'failed',
    failure: {
      code: 'STORE_FOLLOW_UP_FAILED',
      summary: expect.stringMatching(/^The build is in App Store Connect/),
      reason: expect.stringContaining('still processing'),
      nextStep: expect.stringContaining('Do not upload the same build number again.'),
    },
  });
});

test('what nobody has said about encryption is a remark, unless testers are to get the build', () => {
  const alone = begin({ hasNotes: false, hasGroups: false });
  alone.stage.the('askBuild').answer(news('valid', 'open'));
  expect(alone.actor.output).toMatchObject({
    outcome: 'ready',
    remarks: [expect.stringContaining('ITSAppUsesNonExemptEncryption')],
  });
  const given = begin({ hasNotes: false, hasGroups: true });
  given.stage.the('askBuild').answer(news('valid', 'open'));
  expect(given.actor.output).toMatchObject({ outcome: 'failed', buildId: 'b' });
});
