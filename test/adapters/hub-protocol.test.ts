import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeWorkerMessage, parseHubFrame, type WorkerMessage } from '../../src/adapters/hub/protocol.ts';
import { noSecrets } from '../helpers/hub.ts';

const assignment = {
  type: 'job_assign',
  job_id: '0b6f0f5e-9a55-4c1e-8a50-2f7a3a1c9d10',
  auth_token: '6c1f2a52-77aa-4f0d-9d3b-b1f0f2f3c0aa',
  manifest: { app_name: 'Tide Clock' },
  credentials: { apple_team_id: 'A1B2C3D4E5' },
  tarball_url: 'https://hub.example.net/api/v1/tarball/0b6f',
  artifact_upload_url: 'https://hub.example.net/api/v1/artifact/upload/0b6f',
};
const parse = (frame: unknown) => parseHubFrame(Buffer.from(JSON.stringify(frame)));
const encode = (message: WorkerMessage, redact = noSecrets): unknown =>
  JSON.parse(encodeWorkerMessage(message, redact));

describe('what the hub says', () => {
  test('an assignment, with fields that nobody knows yet', () => {
    expect(parse({ ...assignment, priority: 10 })).toEqual({
      type: 'jobAssigned',
      jobId: assignment.job_id,
      authToken: assignment.auth_token,
      manifest: assignment.manifest,
      credentials: assignment.credentials,
      tarballUrl: assignment.tarball_url,
      artifactUploadUrl: assignment.artifact_upload_url,
    });
  });

  test.each([
    [
      { type: 'cancel', job_id: 'J', by: 'cli' },
      { type: 'cancelRequested', jobId: 'J' },
    ],
    [{ type: 'update_perry' }, { type: 'updateRequested' }],
    [{ type: 'error', code: 'AUTH_FAILED', message: 'Invalid worker secret' }, { type: 'authFailed' }],
    [
      { type: 'error', code: 'OTHER' },
      { type: 'unknown', name: 'error' },
    ],
    [
      { type: 'proceed_distribute', job_id: 'J' },
      { type: 'unknown', name: 'proceed_distribute' },
    ],
    [{ type: 'cancel' }, { type: 'unknown', name: 'cancel' }],
    [
      { type: 'cancel', job_id: 7 },
      { type: 'unknown', name: 'cancel' },
    ],
    [{ type: 7 }, { type: 'unknown', name: '' }],
    [{}, { type: 'unknown', name: '' }],
  ])('%j', (frame, message) => {
    expect(parse(frame)).toEqual(message);
  });

  test.each(['', 'null', '5', '"job_assign"', '[]', '[{"type":"cancel"}]', '{', '{"type":"cancel"'])(
    'a frame that is no JSON object is nothing: %s',
    (text) => {
      expect(parseHubFrame(Buffer.from(text))).toBeUndefined();
    },
  );

  test.each([
    ['auth_token', 7],
    ['auth_token', 'two\r\nlines'],
    ['auth_token', undefined],
    ['tarball_url', null],
    ['artifact_upload_url', ['https://hub.example.net']],
  ])('an assignment with a bad %s can still be answered, and its values are not told', (field, value) => {
    const message = parse({ ...assignment, [field]: value });
    expect(message).toMatchObject({ type: 'jobMalformed', jobId: assignment.job_id });
    expect(message).toHaveProperty('problem', expect.stringContaining(field));
    expect(JSON.stringify(message)).not.toContain('lines');
  });

  test.each(['auth_token', 'manifest', 'credentials', 'tarball_url'])(
    'a missing %s is called missing',
    (field) => {
      expect(parse({ ...assignment, [field]: undefined })).toHaveProperty(
        'problem',
        `Wrong fields: ${field} is missing.`,
      );
    },
  );

  test('an id that could leave its folder is answered but never run', () => {
    expect(parse({ ...assignment, job_id: '../../etc' })).toMatchObject({
      type: 'jobMalformed',
      jobId: '../../etc',
    });
  });

  test.each([undefined, '', 7, 'x'.repeat(257)])(
    'without a usable id there is nothing to answer: %s',
    (id) => {
      expect(parse({ ...assignment, job_id: id })).toEqual({ type: 'unknown', name: 'job_assign' });
    },
  );

  test('the name of an unknown type is fit for a log', () => {
    const message = parse({ type: `\u001b[31mred\nline${'x'.repeat(500)}` });
    expect(message).toEqual({ type: 'unknown', name: `red line${'x'.repeat(56)}` });
  });

  test('any frame is read without an exception', () => {
    const types = fc.constantFrom('job_assign', 'cancel', 'error', 'update_perry');
    const frame = fc.oneof(
      fc.record({ type: types, job_id: fc.jsonValue(), auth_token: fc.jsonValue(), code: fc.jsonValue() }),
      fc.jsonValue(),
    );
    fc.assert(fc.property(frame, (value) => void parse(value)));
    fc.assert(fc.property(fc.string(), (text) => void parseHubFrame(Buffer.from(text))));
    expect(parseHubFrame(Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`))).toEqual({
      type: 'unknown',
      name: '',
    });
  });
});

describe('what the worker says', () => {
  test.each<[WorkerMessage, unknown]>([
    [
      {
        type: 'hello',
        capabilities: ['macos-sign', 'ios-sign'],
        name: 'm',
        secret: 's3cr3t',
        maxConcurrent: 2,
      },
      {
        type: 'worker_hello',
        capabilities: ['macos-sign', 'ios-sign'],
        name: 'm',
        secret: 's3cr3t',
        max_concurrent: 2,
      },
    ],
    [
      { type: 'hello', capabilities: ['ios-sign'], name: 'm', maxConcurrent: 1 },
      { type: 'worker_hello', capabilities: ['ios-sign'], name: 'm', max_concurrent: 1 },
    ],
    [
      { type: 'stage', jobId: 'J', stage: 'generating_assets', message: 'Drawing icons' },
      { type: 'stage', job_id: 'J', stage: 'generating_assets', message: 'Drawing icons' },
    ],
    [
      { type: 'log', jobId: 'J', stage: 'notarizing', line: '  accepted', stream: 'stderr' },
      { type: 'log', job_id: 'J', stage: 'notarizing', line: '  accepted', stream: 'stderr' },
    ],
    [
      { type: 'progress', jobId: 'J', stage: 'signing', percent: 41.9 },
      { type: 'progress', job_id: 'J', stage: 'signing', percent: 41, message: null },
    ],
    [
      { type: 'published', jobId: 'J', platform: 'ios', message: 'Build 42 uploaded' },
      { type: 'published', job_id: 'J', platform: 'ios', message: 'Build 42 uploaded', url: null },
    ],
    [
      { type: 'queueUpdate', jobId: 'J', position: 2, message: 'Waiting for a machine' },
      { type: 'queue_update', job_id: 'J', position: 2, message: 'Waiting for a machine' },
    ],
    [
      { type: 'error', jobId: 'J', code: 'SIGNING_FAILED', message: 'expired', stage: 'signing' },
      { type: 'error', job_id: 'J', code: 'SIGNING_FAILED', message: 'expired', stage: 'signing' },
    ],
    [
      { type: 'complete', jobId: 'J', success: false, durationSeconds: 12.51234, artifacts: [], error: 'no' },
      { type: 'complete', job_id: 'J', success: false, duration_secs: 12.512, artifacts: [], error: 'no' },
    ],
    [
      {
        type: 'complete',
        jobId: 'J',
        success: true,
        durationSeconds: Number.NaN,
        artifacts: [{ name: 'Tide.ipa', sizeBytes: 5, sha256Hex: '9f2c' }],
      },
      {
        type: 'complete',
        job_id: 'J',
        success: true,
        duration_secs: 0,
        artifacts: [{ name: 'Tide.ipa', size: 5, sha256: '9f2c' }],
      },
    ],
    [
      { type: 'updateResult', success: false, oldVersion: '', newVersion: '', error: 'no compiler' },
      { type: 'update_result', success: false, old_version: '', new_version: '', error: 'no compiler' },
    ],
  ])('%j', (message, frame) => {
    expect(encode(message)).toStrictEqual(frame);
  });

  test('any number becomes a whole percent from 0 to 100, and 100 only when it is', () => {
    const percentOf = (percent: number) =>
      (encode({ type: 'progress', jobId: 'J', stage: 'signing', percent }) as { percent: number }).percent;
    fc.assert(
      fc.property(fc.double(), (percent) => {
        const sent = percentOf(percent);
        expect(Number.isInteger(sent) && sent >= 0 && sent <= 100).toBe(true);
        expect(sent === 100).toBe(percent >= 100 && Number.isFinite(percent));
      }),
    );
  });

  test('a line has no control characters, no half characters, and at most 2 KiB', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 4000, size: 'max' }), (line) => {
        const sent = encode({ type: 'log', jobId: 'J', stage: 'signing', line, stream: 'stderr' });
        const text = (sent as { line: string }).line;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
        expect(text).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
      }),
      { numRuns: 50 },
    );
    const long = encode({
      type: 'log',
      jobId: 'J',
      stage: 'signing',
      line: '\u{1f512}'.repeat(600),
      stream: 'stdout',
    });
    expect((long as { line: string }).line).toBe('\u{1f512}'.repeat(512));
  });

  test('a secret is found before the cut, and when control characters split it', () => {
    const redact = (text: string) => text.replaceAll('hunter2-hunter2', '[secret]');
    const line = `${'x'.repeat(2040)}hunter2-hunter2 and \u001b[1mhunter2-\u001b[0mhunter2`;
    const sent = JSON.stringify(
      encode({ type: 'log', jobId: 'J', stage: 'signing', line, stream: 'stderr' }, redact),
    );
    expect(sent).toContain('[secret]');
    expect(sent).not.toContain('hunter2');
    const error = encode(
      { type: 'error', jobId: 'J', code: 'X', message: 'p\u001b[1mhunter2-\u001b[0mhunter2' },
      redact,
    );
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });
});
