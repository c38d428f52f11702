import { describe, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { CALL_ATTEMPTS, notarizationLimits, UNKNOWN_ANSWERS } from '../../machines/notarization/limits.ts';
import { type NotarizationOutput, notarizationMachine } from '../../machines/notarization/machine.ts';
import { notarizationPorts } from '../../machines/notarization/ports.ts';
import { inert, owner } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { coverageLine, walk } from './walk.ts';

const artifact = { name: 'a.dmg', sizeBytes: 100, sha256Hex: 'digest' };
const input = { runId: 'r', artifact, staples: ['image'] as const, owner };
const findings = { issues: ['error: x'], errorCount: 1, advice: '', summary: '', isForeign: false };
const submissionId = 'submission-1';

test('every transition is walked, and only an accepted, stapled artifact succeeds', () => {
  const errors = [
    { error: failure('A') },
    { error: failure('B', true) },
    { error: failure('NOTARY_SUBMISSION_UNKNOWN', true) },
    { error: failure('NOTARY_UPLOAD_EXPIRED', true) },
    { error: failure('NOTARY_ALREADY_SUBMITTED', true) },
  ];
  const verdicts = ['inProgress', 'accepted', 'invalid'].map((output) => ({ output }));
  const samples = {
    'upload.progressed': [{ sentBytes: 10 }],
    'xstate.done.actor.findSubmission': [
      { output: null },
      { output: { submissionId, isUploaded: true } },
      { output: { submissionId, isUploaded: false } },
    ],
    'xstate.done.actor.submitArtifact': [{ output: { submissionId } }],
    'xstate.done.actor.seekSubmission': [{ output: null }, { output: { submissionId } }],
    'xstate.done.actor.askVerdict': verdicts,
    'xstate.done.actor.askDoubtful': verdicts,
    'xstate.done.actor.fetchLog': [{ output: findings }, { output: { ...findings, isForeign: true } }],
    'xstate.done.actor.stapleTicket': [{ output: artifact }],
    ...Object.fromEntries(
      [
        'submitArtifact',
        'seekSubmission',
        'uploadArtifact',
        'askVerdict',
        'askDoubtful',
        'fetchLog',
        'fetchTicket',
      ].map((id) => [`xstate.error.actor.${id}`, errors]),
    ),
  };
  const machine = notarizationMachine.provide({ actors: inert(Object.keys(notarizationPorts)) } as never);
  const key = (s: AnyMachineSnapshot) =>
    JSON.stringify([
      s.value,
      Math.min(s.context.attempts, CALL_ATTEMPTS),
      Math.min(s.context.unknownAnswers, UNKNOWN_ANSWERS),
      s.context.submissions > 1,
      s.context.isRecalled,
      s.context.replaces,
      s.context.verdict,
      s.context.log?.isForeign,
      s.context.stapled.length,
      s.status,
    ]);
  const check = (s: AnyMachineSnapshot) => {
    if (s.status !== 'done') return;
    const output = s.output as NotarizationOutput;
    expect(output.failure === null).toBe(output.outcome === 'succeeded');
    if (output.outcome === 'succeeded')
      expect(output).toMatchObject({ verdict: 'accepted', stapled: ['image'] });
    if (output.outcome === 'rejected') expect(output.verdict).toBe('invalid');
  };
  const fresh = walk(machine, { input, samples, key, check });
  const unstapled = walk(machine, { input: { ...input, staples: [] }, samples, key });
  const missing = fresh.missing.filter((name) => unstapled.missing.includes(name));
  console.error(coverageLine('notarization', { ...fresh, missing }));
  expect(missing).toEqual([]);
});

describe('single ways', () => {
  const begin = (more: object = {}) => {
    const own = new Stage();
    return { stage: own, notarization: own.start(own.fill(notarizationMachine), { ...input, ...more }) };
  };
  /** The journal says that Apple has the file. */
  const resume = (more: object = {}) => {
    const begun = begin(more);
    begun.stage.the('findSubmission').answer({ submissionId, isUploaded: true });
    return begun;
  };

  test('with a known id nothing is submitted', () => {
    const { stage, notarization } = resume();
    expect(notarization.is('awaitingVerdict.asking')).toBe(true);
    expect(stage.calls.map(({ port }) => port)).toEqual(['findSubmission', 'askVerdict']);
  });

  test("another file's log is not believed", () => {
    const { stage, notarization } = resume();
    stage.the('askVerdict').answer('accepted');
    stage.the('fetchLog').answer({ ...findings, isForeign: true });
    stage.the('recordSubmission').answer();
    expect(notarization.output).toMatchObject({
      outcome: 'failed',
      failure: { code: 'APPLE_ANSWER_INVALID' },
    });
  });

  test('what Apple says of a file is told in sentences, without the addresses that the log has', () => {
    const { stage, notarization } = resume();
    stage.the('askVerdict').answer('invalid');
    const issues = [
      'error: A.dmg: The binary is not signed. See https://a.example/b',
      'error: no time stamp',
    ];
    stage.the('fetchLog').answer({ ...findings, issues, errorCount: 2 });
    stage.the('recordSubmission').answer();
    expect(notarization.output.failure.reason).toBe(
      'error: A.dmg: The binary is not signed. error: no time stamp.',
    );
  });

  test('without the log the verdict counts all the same', () => {
    const { stage, notarization } = resume();
    stage.the('askVerdict').answer('invalid');
    stage.clock.advance(notarizationLimits.logTimeout);
    stage.the('recordSubmission').fail(failure('NOTARY_JOURNAL_FAILED'));
    expect(notarization.output).toMatchObject({ outcome: 'rejected', issues: [] });
    expect(notarization.output.failure.summary).toContain(submissionId);
  });

  test('a hundred polls become slower, up to half a minute', () => {
    const { stage, notarization } = resume();
    const times: number[] = [];
    while (times.length < 100) {
      times.push(stage.clock.nowMs);
      stage.the('askVerdict').answer('inProgress');
      stage.clock.advanceToNext();
    }
    const gaps = times.slice(1).map((ms, index) => ms - (times[index] ?? 0));
    expect([gaps[0], gaps.at(-1)]).toEqual([5_000, 30_000]);
    expect(notarization.status).toBe('active');
  });

  test('all that is asked for is stapled, in order', () => {
    const { stage, notarization } = resume({ staples: ['app', 'image'] });
    stage.the('askVerdict').answer('accepted');
    stage.the('fetchLog').answer({ ...findings, issues: ['warning: w'] });
    stage.the('recordSubmission').answer();
    for (const target of ['app', 'image']) {
      expect(stage.the('fetchTicket').input.target).toBe(target);
      stage.the('fetchTicket').fail(failure('TICKET_NOT_FOUND', true));
      stage.clock.advance(3_000);
      stage.the('fetchTicket').answer();
      expect(stage.the('stapleTicket').input.target).toBe(target);
      stage.the('stapleTicket').answer(target === 'app' ? artifact : { ...artifact, sha256Hex: 'new' });
    }
    expect(notarization.output).toMatchObject({
      outcome: 'succeeded',
      stapled: ['app', 'image'],
      artifact: { sha256Hex: 'new' },
      issues: ['warning: w'],
    });
  });
});
