import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiTokens } from '../../src/adapters/apple/api-token.ts';
import { below, fileUrl, serviceUrl } from '../../src/adapters/apple/apple-hosts.ts';
import { askApple } from '../../src/adapters/apple/apple-http.ts';
import { fetchDeveloperLog, readDeveloperLog } from '../../src/adapters/notary/developer-log.ts';
import { askStatus, listSubmissions, submit } from '../../src/adapters/notary/index.ts';
import { encodedPath, signedHeaders } from '../../src/adapters/notary/sigv4.ts';
import { uploadForNotarization } from '../../src/adapters/notary/upload.ts';
import { fileJournal } from '../../src/journal/submissions.ts';
import { submissionName } from '../../src/run/steps/notary-session.ts';
import { apiIssuerId, apiKeyId, makeApiKey } from '../helpers/notary-room.ts';

const signal = AbortSignal.timeout(60_000);
const pair = makeApiKey();
const key = { keyId: apiKeyId, issuerId: apiIssuerId, privateKeyPem: pair.privateKeyPem };
const claimsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));

describe('tokens', () => {
  test('are used until shortly before they end, and live less than 20 minutes', () => {
    let nowMs = 1_800_000_000_000;
    const tokens = createApiTokens(key, { now: () => nowMs, scope: ['/notary/v2'], lifetimeSeconds: 9_999 });
    const first = tokens.current();
    const [header, claims] = claimsOf(first);
    expect(header).toEqual({ alg: 'ES256', kid: apiKeyId, typ: 'JWT' });
    expect(claims).toMatchObject({ iss: apiIssuerId, aud: 'appstoreconnect-v1', scope: ['/notary/v2'] });
    expect(claims.exp - claims.iat).toBeLessThanOrEqual(1200);
    nowMs += 1_000_000;
    expect(tokens.current()).toBe(first);
    nowMs = (claims.exp - 30) * 1000;
    const second = tokens.current();
    expect(second).not.toBe(first);
    // a renewal that another call asked for already is not made twice
    expect(tokens.renewed(first)).toBe(second);
    expect(tokens.renewed(second)).not.toBe(second);
  });

  test('of a key that is none say so without quoting it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    for (const privateKeyPem of [
      String(rsa),
      String(p384),
      '-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----',
    ]) {
      const make = () => createApiTokens({ ...key, privateKeyPem });
      expect(make).toThrow(expect.objectContaining({ code: 'APPLE_API_KEY_INVALID' }));
      expect(make).not.toThrow(/S3CRET/);
    }
  });
});

describe('requests to S3', () => {
  // the examples of "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const usual = { region: 'us-east-1', now: new Date('2013-05-24T00:00:00Z') };

  test('are signed as in the examples of Amazon', () => {
    const get = signedHeaders(
      {
        ...usual,
        method: 'GET',
        url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
        headers: { range: 'bytes=0-9' },
        payloadSha256Hex: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      credentials,
    );
    expect(get.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
    const put = signedHeaders(
      {
        ...usual,
        method: 'PUT',
        url: new URL(`https://examplebucket.s3.amazonaws.com/${encodedPath('test$file.text')}`),
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        payloadSha256Hex: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
      credentials,
    );
    expect(put.authorization).toMatch(
      /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
    );
  });

  test('have the colon of the object encoded, the slash not', () => {
    expect(encodedPath("prod/AROA:2efe-x y'(1)*!.dmg")).toBe('prod/AROA%3A2efe-x%20y%27%281%29%2A%21.dmg');
  });
});

describe('addresses', () => {
  test('of services are https, or on this machine', () => {
    for (const good of [
      'https://a.example/notary/v2',
      'http://127.0.0.1:1/x',
      'http://localhost/',
      'http://[::1]:5/',
    ])
      expect(serviceUrl(good, 'PERRY_NOTARY_URL').href).toBe(good);
    for (const bad of [
      'http://apple.com/',
      'ftp://127.0.0.1/',
      'https://u:p@a.example/',
      'https://a/?q',
      'x',
      'http://127.0.0.1.evil.com/',
    ])
      expect(() => serviceUrl(bad, 'PERRY_NOTARY_URL')).toThrow(
        expect.objectContaining({ code: 'APPLE_URL_REFUSED' }),
      );
    expect(below(new URL('https://a.example/notary/v2/'), 'submissions', 'a/b').href).toBe(
      'https://a.example/notary/v2/submissions/a%2Fb',
    );
  });

  test("that an answer names are Apple's, and on this machine only when the service is", () => {
    const real = new URL('https://appstoreconnect.apple.com/notary/v2');
    const local = new URL('http://127.0.0.1:5/notary/v2');
    for (const good of [
      'https://x.s3.us-west-2.amazonaws.com/log',
      'https://a.apple.com/',
      'https://b.icloud-content.com/',
    ])
      expect(fileUrl(good, real).href).toBe(good);
    expect(fileUrl('http://127.0.0.1:9/log', local).port).toBe('9');
    const bad = [
      'http://127.0.0.1:9/log',
      'https://evilapple.com/',
      'http://a.apple.com/',
      'https://apple.com.evil.net/',
      'https://u@a.apple.com/',
      5,
      null,
    ];
    for (const url of bad)
      expect(() => fileUrl(url, real)).toThrow(expect.objectContaining({ code: 'APPLE_URL_REFUSED' }));
    expect(() => fileUrl('http://169.254.169.254/latest', local)).toThrow();
  });
});

type Reply = (request: IncomingMessage, response: ServerResponse) => void;
const place: { url: URL; reply: Reply; authorizations: string[]; stop: () => Promise<void> } = {
  url: new URL('http://127.0.0.1'),
  reply: () => {},
  authorizations: [],
  stop: async () => {},
};
beforeAll(async () => {
  const server = createServer((request, response) => {
    place.authorizations.push(String(request.headers.authorization));
    request.resume();
    place.reply(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/notary/v2`);
  place.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
afterAll(() => place.stop());

const access = () => ({ baseUrl: place.url, tokens: createApiTokens(key) });
const id = '2efe2717-52ef-43a5-96dc-0797e4ca1041';
const answering = (status: number, body: string, headers: Record<string, string> = {}) => {
  place.reply = (_, response) => void response.writeHead(status, headers).end(body);
};
const statusBody = (status: string, other = id) =>
  JSON.stringify({
    data: { type: 'submissions', id: other, attributes: { createdDate: 'x', name: 'y', status } },
    meta: {},
  });

describe('answers', () => {
  test.each([
    ['Accepted', 'accepted'],
    ['In Progress', 'inProgress'],
    ['Invalid', 'invalid'],
    ['Rejected', 'rejected'],
  ])('with the status %s are read, whatever their content type', async (text, status) => {
    answering(200, statusBody(text), { 'content-type': 'application/octet-stream' });
    expect(await askStatus(access(), id, signal)).toBe(status);
  });

  test.each([
    ['a status that nobody knows', 200, statusBody('accepted'), 'APPLE_ANSWER_INVALID', true],
    ['another submission', 200, statusBody('Accepted', id.replace('2', '3')), 'APPLE_ANSWER_INVALID', true],
    ['no JSON', 200, '<html>hello</html>', 'APPLE_ANSWER_INVALID', true],
    ['null', 200, 'null', 'APPLE_ANSWER_INVALID', true],
    ['a huge body', 200, ' '.repeat(2_000_000), 'APPLE_ANSWER_INVALID', true],
    ['404', 404, '', 'NOTARY_SUBMISSION_UNKNOWN', true],
    ['403', 403, '{"errors":[{"code":"FORBIDDEN","detail":"no role"}]}', 'APPLE_AUTH_REFUSED', false],
    [
      '403 for an agreement',
      403,
      '{"errors":[{"title":"A required agreement is missing or has expired"}]}',
      'APPLE_AGREEMENT_MISSING',
      false,
    ],
    ['400', 400, '{"errors":[{"detail":"bad"}]}', 'APPLE_REFUSED', false],
    ['a redirect', 302, '', 'APPLE_REFUSED', false],
    ['500', 500, '', 'APPLE_UNAVAILABLE', true],
    ['408', 408, '', 'APPLE_UNAVAILABLE', true],
  ])('with %s are told apart', async (_, status, body, code, retryable) => {
    answering(status, body, { location: 'http://127.0.0.1:1/' });
    await expect(askStatus(access(), id, signal)).rejects.toMatchObject({ failure: { code, retryable } });
  });

  test('401 renews the token once; Retry-After is kept, in seconds and as a date, within reason', async () => {
    place.authorizations = [];
    let asked = 0;
    place.reply = (_, response) => {
      asked += 1;
      response
        .writeHead(asked === 1 ? 401 : 200)
        .end(asked === 1 ? 'Unauthenticated\n\nRequest ID: A.0.0\n' : statusBody('Invalid'));
    };
    expect(await askStatus(access(), id, signal)).toBe('invalid');
    expect(new Set(place.authorizations).size).toBe(2);
    for (const [header, ms] of [
      ['7', 7_000],
      ['99999', 900_000],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ] as const) {
      answering(429, '', { 'retry-after': header });
      await expect(askStatus(access(), id, signal)).rejects.toMatchObject({ failure: { retryAfterMs: ms } });
    }
    answering(503, '', { 'retry-after': 'soon' });
    const { failure } = await askStatus(access(), id, signal).catch((error) => error);
    expect(failure).not.toHaveProperty('retryAfterMs');
  });

  test('a wrong clock of ours is told from a wrong key, by the time of the answer', async () => {
    const at = (minutes: number) => ({ date: new Date(Date.now() + minutes * 60_000).toUTCString() });
    for (const [minutes, code] of [
      [-5, 'HOST_CLOCK_WRONG'],
      [25, 'HOST_CLOCK_WRONG'],
      [0, 'APPLE_AUTH_REFUSED'],
    ] as const) {
      answering(401, 'Unauthenticated', at(minutes));
      await expect(askStatus(access(), id, signal)).rejects.toMatchObject({ code });
    }
    answering(401, 'Unauthenticated', at(-5));
    await expect(askStatus(access(), id, signal)).rejects.toThrow(/ahead of that of Apple/);
  });

  test.each([403, 404])('an address of a log that has ended (%d) is asked for again', async (status) => {
    place.reply = ({ url }, response) => {
      const developerLogUrl = `${place.url.origin}/log?X-Amz-Signature=x`;
      const json = { data: { id, attributes: { developerLogUrl } } };
      const isLog = url?.startsWith('/log');
      response.writeHead(isLog ? status : 200).end(isLog ? '<Error/>' : JSON.stringify(json));
    };
    await expect(fetchDeveloperLog(access(), id, signal)).rejects.toMatchObject({
      failure: { code: 'NOTARY_LOG_MISSING', retryable: true },
    });
  });

  test('that do not come end at a deadline, or when the caller says so', async () => {
    place.reply = () => {};
    const call = {
      what: 'The call',
      service: 'S',
      method: 'GET',
      url: place.url,
      signal,
      timeoutMs: 30,
    } as const;
    await expect(askApple(call)).rejects.toMatchObject({ failure: { code: 'APPLE_UNAVAILABLE' } });
    await expect(askApple({ ...call, signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  });

  test('of hostile form are refused', async () => {
    const attributes = {
      bucket: 'b/../evil',
      object: 'o',
      awsAccessKeyId: 'a',
      awsSecretAccessKey: 's',
      awsSessionToken: 't',
    };
    const file = { sha256Hex: 'ab'.repeat(32), name: 'x.dmg' };
    for (const data of [
      { id, attributes },
      { id: '../x', attributes: { ...attributes, bucket: 'good' } },
      { id, attributes: {} },
      { id },
    ]) {
      answering(200, JSON.stringify({ data }));
      await expect(submit(access(), file, signal)).rejects.toMatchObject({ code: 'APPLE_ANSWER_INVALID' });
    }
    answering(
      200,
      JSON.stringify({
        data: [null, 5, { id }, { id, attributes: { name: 'n', status: 'Accepted', createdDate: 'x' } }],
      }),
    );
    expect(await listSubmissions(access(), signal)).toMatchObject([{ id, name: 'n', status: 'accepted' }]);
  });
});

test('the log becomes lines, errors first, without control characters, and an advice', () => {
  const log = readDeveloperLog({
    sha256: 'AB'.repeat(32),
    statusSummary: 'Archive contains critical validation errors',
    issues: [
      { severity: 'warning', path: 'A.dmg/x', message: 'old', docUrl: 'https://developer.apple.com/x' },
      {
        severity: 'error',
        path: 'A.dmg/B\u001b[31m\nC',
        message: 'The executable does not have the hardened runtime enabled.',
        architecture: 'arm64',
      },
      null,
    ],
  });
  expect(log.issues).toEqual([
    'error: A.dmg/B C (arm64): The executable does not have the hardened runtime enabled.',
    'error: no message',
    'warning: A.dmg/x: old See https://developer.apple.com/x',
  ]);
  expect(log).toMatchObject({ errorCount: 2, sha256Hex: 'ab'.repeat(32) });
  expect(log.advice).toContain('hardened runtime');
  expect(readDeveloperLog({ issues: null })).toMatchObject({
    issues: [],
    errorCount: 0,
    advice: '',
    sha256Hex: '',
  });
  expect(readDeveloperLog({ statusCode: 7000 }).advice).toContain('Apple Developer Support');
});

describe('the upload', () => {
  const grant = {
    bucket: 'bucket',
    object: 'prod/A:b',
    accessKeyId: 'a',
    secretAccessKey: 's',
    sessionToken: 't',
  };
  const upload = async (sizeBytes = 3_000_000, announced = sizeBytes) => {
    const folder = await mkdtemp(join(tmpdir(), 'perry-upload-'));
    try {
      await writeFile(join(folder, 'a'), randomBytes(sizeBytes));
      const sent: number[] = [];
      await uploadForNotarization({
        path: join(folder, 'a'),
        sizeBytes: announced,
        sha256Hex: 'ab'.repeat(32),
        grant,
        s3Url: new URL(place.url.origin),
        signal,
        onProgress: (bytes) => sent.push(bytes),
      });
      return sent;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  test('streams the file to URL/bucket/object and tells how far it is', async () => {
    let path = '';
    let length = '';
    place.reply = (request, response) => {
      path = request.url ?? '';
      length = String(request.headers['content-length']);
      request.on('end', () => response.writeHead(200, { etag: '"x"' }).end());
    };
    expect((await upload()).at(-1)).toBe(3_000_000);
    expect([path, length]).toEqual(['/bucket/prod/A%3Ab', '3000000']);
  });

  test.each([
    [403, '<Error><Code>ExpiredToken</Code></Error>', 'NOTARY_UPLOAD_EXPIRED'],
    [403, '<Error><Code>RequestTimeTooSkewed</Code></Error>', 'HOST_CLOCK_WRONG'],
    [400, '<Error><Code>RequestTimeout</Code></Error>', 'APPLE_UNAVAILABLE'],
    [503, '<Error><Code>SlowDown</Code></Error>', 'APPLE_UNAVAILABLE'],
    [200, '<html>Welcome to the hotel</html>', 'APPLE_UNAVAILABLE'],
  ])('tells %i %s apart', async (status, body, code) => {
    place.reply = (request, response) => void request.on('end', () => response.writeHead(status).end(body));
    await expect(upload()).rejects.toMatchObject({ code });
  });

  test('of a file that is not what was announced is our own defect', async () => {
    await expect(upload(10, 11)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  });
});

describe('the journal', () => {
  const digest = 'cd'.repeat(32);
  const withFolder = async (use: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'perry-journal-'));
    await use(folder).finally(() => rm(folder, { recursive: true, force: true }));
  };

  test('remembers over restarts, for this user only, and forgets on request', () =>
    withFolder(async (folder) => {
      expect(await fileJournal(folder).find(digest)).toBeUndefined();
      expect(await readdir(folder)).toEqual([]);
      await fileJournal(folder).record(digest, { submissionId: id, name: 'a.dmg', phase: 'announced' });
      await fileJournal(folder).record(digest, { submissionId: id, name: 'a.dmg', phase: 'uploaded' });
      expect(await fileJournal(folder).find(digest)).toEqual({
        submissionId: id,
        name: 'a.dmg',
        phase: 'uploaded',
      });
      expect(await readdir(join(folder, 'journal', 'submissions'))).toEqual([`${digest}.json`]);
      expect((await stat(join(folder, 'journal', 'submissions', `${digest}.json`))).mode & 0o777).toBe(0o600);
      await fileJournal(folder).forget(digest);
      expect(await fileJournal(folder).find(digest)).toBeUndefined();
    }));

  test('takes a damaged entry for none, and says when it cannot be used', () =>
    withFolder(async (folder) => {
      const journal = fileJournal(folder);
      await journal.record(digest, { submissionId: id, name: 'a', phase: 'uploaded' });
      for (const text of ['', '{', 'null', '{"submissionId":"../x","name":"a","phase":"uploaded"}']) {
        await writeFile(join(folder, 'journal', 'submissions', `${digest}.json`), text);
        expect(await journal.find(digest)).toBeUndefined();
      }
      await writeFile(join(folder, 'file'), '');
      const broken = fileJournal(join(folder, 'file'));
      await expect(
        broken.record(digest, { submissionId: id, name: 'a', phase: 'uploaded' }),
      ).rejects.toMatchObject({
        code: 'NOTARY_JOURNAL_FAILED',
      });
    }));
});

test('the name of a submission carries the digest', () => {
  const sha256Hex = '0123456789abcdef'.repeat(4);
  expect(submissionName({ name: 'Tide_Clock-7.dmg', sha256Hex })).toBe('Tide_Clock-7-0123456789abcdef.dmg');
  expect(submissionName({ name: 'plain', sha256Hex })).toBe('plain-0123456789abcdef');
});
