import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBacklog } from '../../src/adapters/hub/backlog.ts';
import { surveyFrame } from '../../src/adapters/hub/frame-survey.ts';
import { headOfAssignment, parseHubFrame } from '../../src/adapters/hub/protocol.ts';
import { contained } from '../../src/contained.ts';

const frame = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const assignment = (manifest: unknown, more: object = {}) => ({
  ...{ type: 'job_assign', job_id: 'J', auth_token: 't', manifest, credentials: {} },
  ...{ tarball_url: 'http://h/t', artifact_upload_url: 'http://h/u', ...more },
});
const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

describe('a frame is measured before it is read', () => {
  test('and what it says of itself is what JSON says', () => {
    const fields = { type: fc.jsonValue(), job_id: fc.jsonValue(), more: fc.jsonValue() };
    fc.assert(
      fc.property(fc.record(fields, { requiredKeys: [] }), fc.constantFrom(0, 1), (value, indent) => {
        const { type, jobId } = surveyFrame(frame(JSON.stringify(value, null, indent)));
        expect(type).toBe(typeof value.type === 'string' ? value.type : undefined);
        expect(jobId).toBe(typeof value.job_id === 'string' ? value.job_id : undefined);
      }),
    );
  });

  test('also when a key is there twice, or written by the numbers of its letters', () => {
    const inNumbers = (text: string) =>
      `"${[...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    const names = fc.constantFrom('type', 'job_id', 'auth_token', 'artifact_upload_url', 'more', 'Type');
    const keys = fc
      .tuple(names, fc.boolean())
      .map(([name, hides]) => (hides ? inNumbers(name) : `"${name}"`));
    const values = fc.oneof(
      fc.string().map((text) => JSON.stringify(text)),
      fc.constantFrom('a', 'job_assign').map(inNumbers),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, values), { maxLength: 8 }), (members) => {
        const text = `{${members.map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
        const { type, jobId, authToken, artifactUploadUrl } = surveyFrame(frame(text));
        const value = JSON.parse(text) as Record<string, unknown>;
        const meant = [value.type, value.job_id, value.auth_token, value.artifact_upload_url];
        expect([type, jobId, authToken, artifactUploadUrl]).toEqual(
          meant.map((each) => (typeof each === 'string' ? each : undefined)),
        );
      }),
      { seed: 8, numRuns: 500 },
    );
  });

  test('whatever its bytes are', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void surveyFrame(Buffer.from(bytes))));
    fc.assert(fc.property(fc.string(), (text) => void surveyFrame(frame(`{"type":"job_assign${text}`))));
  });

  test('an id inside of the manifest is not the id of the job', () => {
    expect(
      headOfAssignment(frame(assignment({ job_id: 'other', type: 'cancel', auth_token: 'other' }))),
    ).toEqual({ jobId: 'J', authToken: 't', artifactUploadUrl: 'http://h/u' });
    expect(headOfAssignment(frame({ type: 'job_assign', manifest: { job_id: 'other' } }))).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    [
      'too many bytes',
      assignment('x'.repeat(8 * 1024 * 1024)),
      /^It has \d+ bytes, and at most 8388608 are read\.$/,
    ],
    ['too long a list', assignment(Array(20_000).fill('a')), /more than 10000 values/],
    ['lists too deep', assignment(nested(40)), /more than 32 deep/],
    [
      'too many credentials',
      assignment({}, { credentials: Array(20_000).fill(0) }),
      /more than 10000 values/,
    ],
  ])('%s: the job is answered, unread', (_, value, problem) => {
    expect(parseHubFrame(frame(value))).toEqual({
      type: 'jobMalformed',
      jobId: 'J',
      problem: expect.stringMatching(problem),
    });
  });

  test('what is no assignment may have 64 KiB', () => {
    expect(parseHubFrame(frame({ type: 'cancel', job_id: 'x'.repeat(70_000) }))).toEqual({
      type: 'unknown',
      name: 'cancel',
    });
  });
});

describe('what comes in', () => {
  const begin = () => {
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    const backlog = createBacklog({
      pause: note('pause'),
      resume: () => {},
      onFault: (error) => void calls.push((error as Error).message),
    });
    return { calls, note, backlog };
  };

  test('is dealt with in order, the first of a turn at once, and one that waits holds back the next', async () => {
    const { calls, note, backlog } = begin();
    let release = () => {};
    const after = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const name of ['a', 'b']) backlog.put({ act: note(name) });
    expect(calls).toEqual(['a']);
    backlog.put({ act: note('c'), after });
    backlog.put({ act: note('d') });
    await setImmediate();
    await setImmediate();
    expect(calls).toEqual(['a', 'b']);
    release();
    await setImmediate();
    await setImmediate();
    expect(calls).toEqual(['a', 'b', 'c', 'd']);
  });

  test('goes on when one of it cannot be dealt with', async () => {
    const { calls, note, backlog } = begin();
    const broken = () => {
      throw new Error('planted');
    };
    for (const act of [broken, broken, note('last')]) backlog.put({ act });
    await setImmediate();
    await setImmediate();
    expect(calls).toEqual(['planted', 'planted', 'last']);
  });

  test('makes the hub wait when there is too much of it', () => {
    const { calls, backlog } = begin();
    const never = new Promise(() => {});
    for (let more = 0; more < 3; more += 1)
      backlog.put({ act: () => {}, sizeBytes: 30 * 1024 * 1024, after: never });
    expect(calls).toEqual(['pause']);
  });
});

test('what a listener throws is told, and goes no further', () => {
  const faults: unknown[] = [];
  const listener = contained(
    (text: string) => {
      throw new Error(text);
    },
    (error) => faults.push(error),
  );
  listener('planted');
  expect(faults).toEqual([new Error('planted')]);
});
