import { describe, expect, test } from 'vitest';
import { type LoneFileInput, loneFileMachine } from '../../machines/lone-file/machine.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const ports = [
  ...['openFile', 'watchRun', 'measureRun', 'recordSubmission', 'fetchTicket', 'stapleTicket'],
  ...['placeFile', 'closeFile', 'recordFile', 'notarization', 'storeUpload', 'testflight'],
];
const machine = loneFileMachine.provide({ actors: inert(ports) });
const artifact = { name: 'App.dmg', sizeBytes: 1, sha256Hex: 'a'.repeat(64) };
const taken = {
  artifact,
  platform: 'macos' as const,
  staples: ['image'] as readonly ('image' | 'app')[],
  isStapled: false,
  isInPlace: true,
  uploadId: null,
  afterUpload: null as object | null,
  remarks: ['a remark'],
};
const accepted = { outcome: 'succeeded', submissionId: 's', artifact, stapled: ['image'], failure: null };
const published = { outcome: 'published', processed: true, uploadId: 'u', remarks: [], failure: null };
const errors = [{ error: failure('AUTH') }, { error: failure('BUSY', true) }];

const inputs = [
  { task: 'notarize', submissionId: null, submitsAgain: false },
  { task: 'notarize', submissionId: 's', submitsAgain: false },
  { task: 'staple', submissionId: null, submitsAgain: false },
  { task: 'publish', submissionId: null, submitsAgain: false },
] as const;

test('lone-file: every transition is walked, and nothing ends before its process is closed', () => {
  const missing = inputs.map(
    (input) =>
      walk(machine, {
        input: { runId: 'r', ...input },
        key: (s) =>
          JSON.stringify([
            ...[s.value, s.context.attempts, s.context.failure?.code, s.status, s.context.isPlaced],
            [s.context.file?.staples, s.context.file?.afterUpload !== null, s.context.file?.isStapled],
          ]),
        samples: {
          'xstate.done.actor.openFile': [
            { output: taken },
            { output: { ...taken, isStapled: true } },
            { output: { ...taken, isStapled: true, isInPlace: false } },
            { output: { ...taken, staples: ['app'], afterUpload: { hasNotes: true, hasGroups: true } } },
          ],
          'process.ended': [{ failure: failure('RUN_PROCESS_LOST', true) }],
          'step.progressed': [{ percent: 5 }],
          'step.logged': [{ line: 'x' }],
          'submission.received': [{ submissionId: 's' }],
          'xstate.done.actor.notarization': [
            { output: accepted },
            { output: { ...accepted, stapled: [] } },
            { output: { ...accepted, outcome: 'rejected', failure: failure('NOTARY_REJECTED') } },
          ],
          'xstate.done.actor.storeUpload': [
            { output: published },
            { output: { ...published, outcome: 'failed', failure: failure('STORE_REJECTED') } },
          ],
          'xstate.done.actor.testflight': ['ready', 'failed'].map((outcome) => ({
            output: { outcome, buildId: 'b', remarks: ['x'], failure: null },
          })),
          'xstate.done.actor.stapleTicket': [{ output: artifact }],
          ...Object.fromEntries(ports.map((id) => [`xstate.error.actor.${id}`, errors])),
        },
        check: (s) => {
          if (s.status === 'done') expect(s.value).toBe('ended');
        },
      }).missing,
  );
  const [first = [], ...others] = missing;
  expect(first.filter((name) => others.every((other) => other.includes(name)))).toEqual([]);
});

const begin = (input: Omit<LoneFileInput, 'runId'>, { recordsAtOnce = true } = {}) => {
  const stage = new Stage();
  if (recordsAtOnce) stage.atOnce.set('recordFile', () => undefined);
  return { stage, actor: stage.start(stage.fill(loneFileMachine), { runId: 'r', ...input }) };
};

describe('one file', () => {
  test('is placed only when it carries its ticket', () => {
    const { stage, actor } = begin(inputs[0]);
    stage.the('openFile').answer(taken);
    expect(stage.the('notarization').input).toMatchObject({ artifact, staples: ['image'] });
    stage.the('notarization').answer(accepted);
    stage.the('placeFile').answer();
    stage.the('closeFile').answer();
    expect(actor.output).toMatchObject({ failure: null, isPlaced: true, submissionId: 's' });
  });

  test.each(inputs.filter(({ task }) => task !== 'staple'))(
    'goes nowhere before it is in the account of signatures, and never without: %j',
    (input) => {
      const { stage, actor } = begin(input, { recordsAtOnce: false });
      stage.the('openFile').answer(taken);
      expect(stage.the('recordFile').input).toEqual({ runId: 'r', artifact, task: input.task });
      expect(stage.open().map(({ port }) => port)).not.toContain('recordSubmission');
      for (const port of ['notarization', 'storeUpload']) expect(stage.open(port)).toEqual([]);
      stage.the('recordFile').fail(failure('SIGNATURE_NOT_RECORDED', true));
      stage.the('closeFile').answer();
      expect(actor.output).toMatchObject({ failure: { code: 'SIGNATURE_NOT_RECORDED' } });
    },
  );

  test('that carries its ticket is not sent again, unless that is wanted', () => {
    const stapled = { ...taken, isStapled: true };
    const done = begin(inputs[0]);
    done.stage.the('openFile').answer(stapled);
    done.stage.the('closeFile').answer();
    expect(done.actor.output).toMatchObject({ failure: null, isPlaced: true, submissionId: null });
    const elsewhere = begin(inputs[0]);
    elsewhere.stage.the('openFile').answer({ ...stapled, isInPlace: false });
    expect(elsewhere.stage.open('placeFile')).toHaveLength(1);
    const again = begin({ ...inputs[0], submitsAgain: true });
    again.stage.the('openFile').answer(stapled);
    expect(again.stage.open('notarization')).toHaveLength(1);
  });

  test('that is stopped while Apple judges it names the submission, and how it is taken up', () => {
    const { stage, actor } = begin(inputs[0]);
    stage.the('openFile').answer(taken);
    stage.the('notarization').say({ type: 'submission.received', submissionId: 's' });
    actor.send({ type: 'cancel.requested' });
    stage.the('closeFile').answer();
    expect(actor.output).toMatchObject({
      submissionId: 's',
      failure: {
        code: 'CANCELLED',
        reason: expect.stringContaining('submission s'),
        nextStep: expect.stringContaining('--submission s'),
      },
    });
  });

  test('that Apple has already is not submitted before the journal knows its id', () => {
    const { stage } = begin(inputs[1]);
    stage.the('openFile').answer(taken);
    expect(stage.the('recordSubmission').input).toMatchObject({ submissionId: 's', phase: 'uploaded' });
    expect(stage.open('notarization')).toEqual([]);
    stage.the('recordSubmission').answer();
    expect(stage.open('notarization')).toHaveLength(1);
  });

  test('whose ticket is not there is looked up three times, and stays as it is', () => {
    const { stage, actor } = begin(inputs[2]);
    stage.the('openFile').answer(taken);
    for (let looks = 1; looks <= 3; looks += 1) {
      stage.the('fetchTicket').fail(failure('TICKET_NOT_FOUND', true));
      if (looks < 3) while (stage.open('fetchTicket').length === 0) stage.clock.advanceToNext();
    }
    stage.the('closeFile').answer();
    expect(actor.output).toMatchObject({ failure: { code: 'TICKET_NOT_FOUND' }, isPlaced: false });
  });

  test('ends with its process when it is stopped, in whatever it does', () => {
    const { stage, actor } = begin(inputs[3]);
    stage.the('openFile').answer({ ...taken, afterUpload: { hasNotes: false, hasGroups: true } });
    stage.the('storeUpload').answer(published);
    expect(stage.open('testflight')).toHaveLength(1);
    actor.send({ type: 'cancel.requested' });
    expect(stage.open().map(({ port }) => port)).toEqual(['closeFile']);
    stage.the('closeFile').answer();
    expect(actor.output).toMatchObject({ failure: { code: 'CANCELLED' }, uploadId: 'u' });
  });
});
