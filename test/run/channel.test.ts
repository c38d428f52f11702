import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadFrame, encodeFrame, FrameReader } from '../../src/run/channel/frames.ts';
import { parseFromRun, sentFailure } from '../../src/run/channel/messages.ts';
import { errorOfReceived } from '../../src/run/channel/received-failure.ts';
import { Receiver } from '../../src/run/host/receiver.ts';
import { redactTexts } from '../../src/run/room/redact-texts.ts';

const MAX_BYTES = 1_000;

function readAll(pieces: readonly Buffer[]): unknown[] {
  const read: unknown[] = [];
  const reader = new FrameReader(MAX_BYTES, (message) => read.push(message));
  for (const piece of pieces) reader.push(piece);
  return read;
}

describe('frames', () => {
  test('arrive whole and in order, in whatever pieces they come', () => {
    const messages = fc.array(
      fc.jsonValue({ maxDepth: 2 }).map((value) => [value]),
      { maxLength: 5 },
    );
    const fits = (all: unknown[][]) => all.every((each) => encodeFrame(each).length <= MAX_BYTES);
    fc.assert(
      fc.property(messages.filter(fits), fc.integer({ min: 1, max: 40 }), (all, size) => {
        const bytes = Buffer.concat(all.map(encodeFrame));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        );
        expect(readAll(pieces)).toEqual(JSON.parse(JSON.stringify(all)));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test.each([
    ['that are too long', encodeFrame('x'.repeat(MAX_BYTES))],
    ['that are empty', Buffer.alloc(4)],
    ['that are no JSON', Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('{]')])],
  ])('%s are refused', (_, bytes) => {
    expect(() => readAll([bytes])).toThrow(BadFrame);
  });
});

describe('what a run says', () => {
  test.each([
    { type: 'reported', id: 1, report: { type: 'step.progressed', percent: 100 } },
    { type: 'reported', id: 1, report: { type: 'job.concluded' } },
    { type: 'done', id: -1 },
    { type: 'failed', id: 1, failure: { code: 'MADE_UP', summary: '', reason: '', nextStep: '' } },
    { type: 'logged', level: 'warn', text: 'x', facts: { deep: { er: 1 } } },
    { type: 'shutdown' },
    null,
    [],
  ])('in no known form is not taken: %j', (message) => {
    expect(parseFromRun(message)).toBeUndefined();
  });

  test('of a failure is its code and its sentences: who must act, the registry knows', () => {
    const said = {
      code: 'P12_INVALID',
      summary: 's',
      reason: 'r',
      nextStep: 'n',
      kind: 'defect',
      retryable: true,
    };
    const parsed = parseFromRun({ type: 'failed', id: 1, failure: said });
    if (parsed?.type !== 'failed') throw new Error('it was not taken');
    expect(errorOfReceived(parsed.failure).failure).toMatchObject({ kind: 'input', retryable: false });
  });

  test('of a failure survives the way, for both readers', () => {
    const { failure } = errorOfReceived({
      ...{ code: 'CREDENTIAL_MISSING', summary: 's', reason: 'r', nextStep: 'n' },
      terminal: { summary: 'at the terminal' },
      retryAfterMs: 5,
    });
    expect(errorOfReceived(sentFailure({ failure })).failure).toEqual(failure);
  });

  test('too often, or too much at once, is a flood', () => {
    const refused: string[] = [];
    const limits = { messagesPerSecond: 10, bytesPerSecond: 100 };
    const few = new Receiver(limits, (cause) => refused.push(cause));
    for (let n = 0; n < 10; n += 1) few.receive({ type: 'ready' });
    expect(refused).toEqual([]);
    few.receive({ type: 'ready' });
    few.countBytes(101);
    expect(refused).toEqual(['flooded', 'flooded']);
  });

  test('is freed from secrets where it is for people, and nowhere else', () => {
    const hide = (text: string) => text.replaceAll('hunter2', '[redacted]');
    const message = {
      ...{ type: 'failed', id: 1, detail: { stderr: 'hunter2' } },
      failure: { code: 'hunter2', summary: 'hunter2 is wrong', terminal: { nextStep: 'hunter2' } },
      output: { name: 'hunter2.dmg', issues: ['hunter2'] },
    };
    expect(redactTexts(message, hide)).toEqual({
      ...{ type: 'failed', id: 1, detail: { stderr: '[redacted]' } },
      failure: { code: 'hunter2', summary: '[redacted] is wrong', terminal: { nextStep: '[redacted]' } },
      output: { name: 'hunter2.dmg', issues: ['[redacted]'] },
    });
  });
});
