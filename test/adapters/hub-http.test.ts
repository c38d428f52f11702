import { createHash, randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import {
  openBundleDownload,
  probeToken,
  type UploadArtifactOptions,
  uploadArtifact,
} from '../../src/adapters/hub/http.ts';
import type { EmbeddedHub, EmbeddedHubOptions } from '../../src/embedded-hub/embedded-hub.ts';
import { ShipError } from '../../src/errors.ts';
import {
  completed,
  connectWorker,
  openTcpHandles,
  signJob,
  type TalkingWorker,
  withHub,
} from '../helpers/hub.ts';
import { gate } from '../integration/gate.ts';

const folder = mkdtempSync(join(tmpdir(), 'perry-hub-http-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** 20 MB and two bytes, so that the text ends with padding. */
const artifact = randomBytes(20_000_002);
const artifactPath = join(folder, 'Tide.ipa');
writeFileSync(artifactPath, artifact);
const sha256Hex = createHash('sha256').update(artifact).digest('hex');

/** No connection and no open file is left, whatever happened. */
afterEach(async () => {
  expect(await openTcpHandles()).toEqual([]);
  if (process.platform !== 'linux') return;
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  expect(targets.filter((target) => target.startsWith(folder))).toEqual([]);
});

interface Running {
  readonly hub: EmbeddedHub;
  readonly worker: TalkingWorker;
  readonly jobId: string;
  readonly download: { url: string; token: string; origin: { hubUrl: string }; signal: AbortSignal };
  readonly upload: UploadArtifactOptions;
}

/** A hub, a worker, and one job of 20 MB that was assigned to it. */
const withJob = (options: EmbeddedHubOptions, body: (running: Running) => Promise<void>): Promise<void> =>
  withHub(options, async (hub) => {
    const worker = await connectWorker(hub);
    const jobId = await hub.submitJob(signJob(artifactPath));
    const { authToken: token, tarballUrl, artifactUploadUrl } = await worker.assignment(1);
    const common = { token, origin: { hubUrl: hub.webSocketUrl }, signal: new AbortController().signal };
    const upload = { ...common, url: artifactUploadUrl, ...fileFacts };
    await body({ hub, worker, jobId, download: { ...common, url: tarballUrl }, upload });
  });

const fileFacts = {
  path: artifactPath,
  name: 'Tide_Clock-1.ipa',
  sha256Hex,
  sizeBytes: artifact.length,
  target: 'ios-sign',
} as const;

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ShipError);
  return (error as ShipError).code;
};

describe('download', () => {
  test('the whole bundle, as base64 text, with its length', async () => {
    await withJob({}, async ({ download }) => {
      const { body, contentLengthBytes } = await openBundleDownload(download);
      const base64 = await text(body);
      expect(contentLengthBytes).toBe(base64.length);
      expect(Buffer.from(base64, 'base64').equals(artifact)).toBe(true);
    });
  });

  test('503 and reset may be tried again, then it comes', async () => {
    await withJob({}, async ({ hub, download }) => {
      hub.failNextDownloads(1, 503);
      expect(await codeOf(openBundleDownload(download))).toBe('HUB_UNAVAILABLE');
      hub.failNextDownloads(1, 'reset');
      const { body } = await openBundleDownload(download);
      await expect(text(body)).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
      const again = await openBundleDownload(download);
      expect((await text(again.body)).length).toBe(again.contentLengthBytes);
    });
  });

  test.each([
    [302, 'HUB_REFUSED'],
    [400, 'HUB_REFUSED'],
    [401, 'HUB_REFUSED'],
    [403, 'HUB_JOB_NOT_OURS'],
    [404, 'BUNDLE_NOT_FOUND'],
    [408, 'HUB_UNAVAILABLE'],
    [429, 'HUB_UNAVAILABLE'],
    [500, 'HUB_UNAVAILABLE'],
  ])('status %i is %s', async (status, code) => {
    await withJob({}, async ({ hub, download }) => {
      hub.failNextDownloads(1, status);
      expect(await codeOf(openBundleDownload(download))).toBe(code);
    });
  });

  test('after complete the token is dead, and the error does not hold it', async () => {
    await withJob({}, async ({ hub, worker, jobId, download }) => {
      await worker.say(completed(jobId));
      await hub.completed(jobId);
      const error = (await openBundleDownload(download).catch((thrown: unknown) => thrown)) as ShipError;
      expect([error.code, error.failure.retryable]).toEqual(['HUB_JOB_NOT_OURS', false]);
      expect(JSON.stringify([error.failure, error.detail])).not.toContain(download.token);
    });
  });

  test.each(['strayPrefix', 'badAlphabet', 'truncated', 'flippedBytes', 'empty'] as const)(
    'a bundle that is broken like %s comes through as it is',
    async (corruption) => {
      await withJob({}, async ({ hub, download }) => {
        hub.corruptNextBundles(1, corruption);
        const base64 = await text((await openBundleDownload(download)).body);
        expect(Buffer.from(base64, 'base64').equals(artifact)).toBe(false);
        expect((await text((await openBundleDownload(download)).body)).length).toBeGreaterThan(26_000_000);
      });
    },
  );

  test('abort in every phase gives the reason of the signal', async () => {
    await withJob({}, async ({ hub, download }) => {
      const reason = new Error('cancelled');
      await expect(openBundleDownload({ ...download, signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );

      const early = new AbortController();
      const attempt = openBundleDownload({ ...download, signal: early.signal });
      early.abort(reason);
      await expect(attempt).rejects.toBe(reason);

      hub.delayBodyUntil(new Promise(() => {}));
      const waiting = new AbortController();
      const { body } = await openBundleDownload({ ...download, signal: waiting.signal });
      const end = text(body);
      waiting.abort(reason);
      await expect(end).rejects.toBe(reason);

      hub.delayBodyUntil(Promise.resolve());
      const midway = new AbortController();
      const opened = await openBundleDownload({ ...download, signal: midway.signal });
      await expect(
        (async () => {
          for await (const _ of opened.body) midway.abort(reason);
        })(),
      ).rejects.toBe(reason);

      const unread = new AbortController();
      const forgotten = await openBundleDownload({ ...download, signal: unread.signal });
      unread.abort(reason);
      await expect(text(forgotten.body)).rejects.toBe(reason);
      const left = await openBundleDownload(download);
      left.body.destroy();
    });
  });
});

describe('probe', () => {
  test('says open, closed, or that it does not know', async () => {
    await withJob({}, async ({ hub, worker, jobId, upload }) => {
      expect(await probeToken(upload)).toBe('open');
      expect(await probeToken({ ...upload, token: 'another' })).toBe('closed');
      await worker.say(completed(jobId));
      await hub.completed(jobId);
      expect(await probeToken(upload)).toBe('closed');
      expect(hub.messages(jobId).map(({ type }) => type)).toEqual(['complete']);
      expect(hub.violations).toEqual([]);
    });
  });

  test('a token that is good for a bundle that is lost is open', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      await hub.submitJob(signJob(join(folder, 'gone')));
      const { authToken: token, tarballUrl, artifactUploadUrl } = await worker.assignment(1);
      const common = { token, origin: { hubUrl: hub.webSocketUrl }, signal: new AbortController().signal };
      expect(await probeToken({ ...common, url: artifactUploadUrl })).toBe('open');
      expect(await codeOf(openBundleDownload({ ...common, url: tarballUrl }))).toBe('BUNDLE_NOT_FOUND');
    });
  });
});

describe('upload', () => {
  test('arrives byte for byte, is announced, and can be fetched once', async () => {
    await withJob({}, async ({ hub, worker, jobId, upload }) => {
      const seen: number[] = [];
      await uploadArtifact({ ...upload, onProgress: (sentBytes) => seen.push(sentBytes) });
      expect(hub.artifact(jobId)).toMatchObject({
        name: 'Tide_Clock-1.ipa',
        sha256Hex,
        sizeBytes: artifact.length,
        target: 'ios-sign',
      });
      expect(readFileSync(hub.artifact(jobId)?.path ?? '').equals(artifact)).toBe(true);
      expect(seen.at(-1)).toBe(artifact.length);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      const ready = await hub.nextMessage(jobId, ({ type }) => type === 'artifact_ready');
      expect(ready).toMatchObject({
        artifact_size: artifact.length,
        sha256: sha256Hex,
        expires_in_secs: 600,
      });
      const fetched = await fetch(String(ready.download_url), { headers: { connection: 'close' } });
      expect(Buffer.from(await fetched.text(), 'base64').equals(artifact)).toBe(true);
      const again = await fetch(String(ready.download_url), { headers: { connection: 'close' } });
      expect([again.status, await again.json()]).toMatchObject([
        404,
        { error: { code: 'ARTIFACT_NOT_FOUND' } },
      ]);
      await worker.say(completed(jobId, true));
      await hub.completed(jobId);
      expect(hub.violations).toEqual([]);
      expect(await codeOf(uploadArtifact(upload))).toBe('HUB_JOB_NOT_OURS');
      expect(hub.violations).toEqual([`upload after complete (${jobId})`]);
    });
  });

  test.each([1, 2, 3])('of %i bytes', async (sizeBytes) => {
    await withJob({}, async ({ hub, jobId, upload }) => {
      const path = join(folder, 'small');
      writeFileSync(path, artifact.subarray(0, sizeBytes));
      const digest = createHash('sha256').update(artifact.subarray(0, sizeBytes)).digest('hex');
      await uploadArtifact({ ...upload, path, sizeBytes, sha256Hex: digest });
      expect(hub.artifact(jobId)).toMatchObject({ sizeBytes, sha256Hex: digest });
      expect(hub.violations).toEqual([]);
    });
  });

  // these are answered while the body is still on its way
  test.each([
    [400, 'HUB_REFUSED'],
    [403, 'HUB_JOB_NOT_OURS'],
    [404, 'HUB_REFUSED'],
    [409, 'HUB_REFUSED'],
    [413, 'HUB_REFUSED'],
    [429, 'HUB_UNAVAILABLE'],
    [503, 'HUB_UNAVAILABLE'],
  ])('status %i is %s, and the next try is not hurt', async (status, code) => {
    await withJob({}, async ({ hub, upload }) => {
      hub.failNextUploads(1, status);
      expect(await codeOf(uploadArtifact(upload))).toBe(code);
      await uploadArtifact(upload);
    });
  });

  test('a wrong token is refused while the body is being sent; a reset is told as such', async () => {
    await withJob({}, async ({ hub, upload }) => {
      let sentBytes = 0;
      const onProgress = (bytes: number) => {
        sentBytes = bytes;
      };
      expect(await codeOf(uploadArtifact({ ...upload, token: 'another', onProgress }))).toBe(
        'HUB_JOB_NOT_OURS',
      );
      expect(sentBytes).toBeLessThan(artifact.length);
      hub.failNextUploads(1, 'reset');
      expect(await codeOf(uploadArtifact(upload))).toBe('HUB_UNAVAILABLE');
      await uploadArtifact(upload);
    });
  });

  test('the job goes to somebody else while the body comes in', async () => {
    await withJob({}, async ({ hub, worker, jobId, upload }) => {
      let release = () => {};
      hub.delayUploadAnswerUntil(
        new Promise<void>((resolve) => {
          release = resolve;
        }),
      );
      const attempt = codeOf(uploadArtifact(upload));
      worker.socket.close();
      await hub.until(() => (hub.jobStatus(jobId) === 'queued' ? true : undefined));
      release();
      expect(await attempt).toBe('HUB_JOB_NOT_OURS');
      expect(hub.artifact(jobId)).toBeUndefined();
    });
  });

  test('abort before, while sending, and while waiting for the answer', async () => {
    await withJob({}, async ({ hub, jobId, upload }) => {
      const reason = new Error('cancelled');
      await expect(uploadArtifact({ ...upload, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const midway = new AbortController();
      const onProgress = (sentBytes: number) => void (sentBytes > 1_000_000 && midway.abort(reason));
      await expect(uploadArtifact({ ...upload, signal: midway.signal, onProgress })).rejects.toBe(reason);
      hub.delayUploadAnswerUntil(new Promise(() => {}));
      const waiting = new AbortController();
      const atEnd = (sentBytes: number) =>
        void (sentBytes === artifact.length && setImmediate(() => waiting.abort(reason)));
      await expect(uploadArtifact({ ...upload, signal: waiting.signal, onProgress: atEnd })).rejects.toBe(
        reason,
      );
      expect(hub.artifact(jobId)).toBeUndefined();
    });
  });

  test('the last bytes leave when they are released, and without them the hub has nothing', async () => {
    await withJob({}, async ({ hub, jobId, upload }) => {
      const stopped = new AbortController();
      const held = gate();
      const sentBytes: number[] = [];
      const onProgress = (bytes: number) => void sentBytes.push(bytes);
      const attempt = uploadArtifact({
        ...{ ...upload, onProgress, signal: stopped.signal, released: held.opened },
      });
      attempt.catch(() => {});
      await vi.waitFor(() => expect(sentBytes.at(-1)).toBe(artifact.length - 1), {
        interval: 5,
        timeout: 20_000,
      });
      stopped.abort(new Error('broken off'));
      await expect(attempt).rejects.toThrow('broken off');
      held.open();
      expect([hub.uploadsBegun(), hub.uploadsRead(), hub.artifact(jobId)]).toEqual([1, 0, undefined]);
      await uploadArtifact({ ...upload, released: Promise.resolve() });
      expect(hub.artifact(jobId)).toMatchObject({ sizeBytes: artifact.length, sha256Hex });
      expect(hub.violations).toEqual([]);
    });
  });

  test('a file that is not what was said is our fault, not the hub’s', async () => {
    await withJob({}, async ({ upload }) => {
      expect(await codeOf(uploadArtifact({ ...upload, sizeBytes: 5 }))).toBe('INTERNAL_ERROR');
      expect(await codeOf(uploadArtifact({ ...upload, path: folder }))).toBe('INTERNAL_ERROR');
      expect(await codeOf(uploadArtifact({ ...upload, path: join(folder, 'nothing') }))).toBe(
        'INTERNAL_ERROR',
      );
      expect(await codeOf(uploadArtifact({ ...upload, name: 'Tide Clock.ipa' }))).toBe('INTERNAL_ERROR');
      expect(await codeOf(uploadArtifact({ ...upload, name: '..' }))).toBe('INTERNAL_ERROR');
      const path = join(folder, 'shrinking');
      writeFileSync(path, artifact);
      const onProgress = () => truncateSync(path, 100);
      expect(await codeOf(uploadArtifact({ ...upload, path, onProgress }))).toBe('INTERNAL_ERROR');
    });
  });
});

describe('servers that are no hub', () => {
  const withServer = async (handler: RequestListener, body: (url: string) => Promise<void>) => {
    const server = createServer(handler);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/job`);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  };
  const requestTo = (url: string) => ({
    url,
    token: 'token',
    origin: { hubUrl: 'ws://127.0.0.1:1/ws' },
    signal: new AbortController().signal,
  });

  test('the question whether a token is good asks for no bundle and sends no artifact', async () => {
    const seen: (string | undefined)[] = [];
    const handler: RequestListener = ({ method, headers }, response) => {
      seen.push(method, headers['content-length'], headers.authorization);
      response.writeHead(400).end('{"error":{"code":"BAD_REQUEST","message":"no body"}}');
    };
    await withServer(handler, async (url) => expect(await probeToken(requestTo(url))).toBe('open'));
    expect(seen).toEqual(['POST', '0', 'Bearer token']);
  });

  test.each([
    [502, '', 'HUB_UNAVAILABLE'],
    [400, '<html>Bad Request</html>', 'HUB_REFUSED'],
    [200, '{}', 'HUB_REFUSED'],
  ])('a status %i with %j says nothing about a token', async (status, text, code) => {
    const handler: RequestListener = (_request, response) => void response.writeHead(status).end(text);
    await withServer(handler, async (url) => expect(await codeOf(probeToken(requestTo(url)))).toBe(code));
  });

  test.each([
    [404, 'JOB_NOT_FOUND'],
    [409, 'JOB_NOT_RUNNING'],
  ])('a status %i with %s is a job that is ours no longer', async (status, code) => {
    const handler: RequestListener = (_request, response) =>
      void response.writeHead(status).end(JSON.stringify({ error: { code, message: 'x' } }));
    await withServer(handler, async (url) => expect(await probeToken(requestTo(url))).toBe('closed'));
  });

  test('the exact headers of an upload', async () => {
    let seen: IncomingMessage | undefined;
    const handler: RequestListener = (request, response) => {
      seen = request;
      request.resume().on('end', () => response.end('{"token":"t"}'));
    };
    await withServer(handler, async (url) => {
      await uploadArtifact({ ...requestTo(url), ...fileFacts });
    });
    expect(seen?.headers).toEqual({
      host: expect.any(String),
      connection: expect.any(String),
      authorization: 'Bearer token',
      'content-type': 'text/plain',
      'content-length': String(4 * Math.ceil(artifact.length / 3)),
      'x-artifact-name': 'Tide_Clock-1.ipa',
      'x-artifact-sha256': sha256Hex,
      'x-artifact-target': 'ios-sign',
    });
  });

  test('a page with status 200 is no receipt', async () => {
    const handler: RequestListener = (request, response) => {
      request.resume().on('end', () => response.end('<html>Please log in</html>'));
    };
    await withServer(handler, async (url) => {
      expect(await codeOf(uploadArtifact({ ...requestTo(url), ...fileFacts }))).toBe('HUB_REFUSED');
    });
  });

  describe('a receipt for what has not arrived is no receipt', () => {
    /** Whoever reads no further than the first bytes, and answers at once. */
    const early: RequestListener = (request, response) => {
      request.once('data', () => {
        request.pause();
        response.end('{"token":"t","download_url":"u"}');
      });
    };
    test.each([
      ['with its length', early],
      [
        'in pieces, while the artifact goes on to arrive',
        ((request, response) => {
          request.once('data', () => response.write('{"token":'));
          request.resume().on('end', () => response.end('"t"}'));
        }) satisfies RequestListener,
      ],
    ])('%s', async (_, handler) => {
      await withServer(handler, async (url) => {
        expect(await codeOf(uploadArtifact({ ...requestTo(url), ...fileFacts }))).toBe('HUB_UNAVAILABLE');
      });
    });

    test('even if nothing is missing but the byte that is held back', async () => {
      await withServer(early, async (url) => {
        const path = join(folder, 'held');
        writeFileSync(path, artifact.subarray(0, 7));
        const released = new Promise<void>(() => {});
        const held = { ...fileFacts, path, sizeBytes: 7, released };
        expect(await codeOf(uploadArtifact({ ...requestTo(url), ...held }))).toBe('HUB_UNAVAILABLE');
      });
    });
  });

  test('nothing counts as sent before it has left this process', async () => {
    // takes the connection, and says nothing in the handshake of TLS
    const stopped = new AbortController();
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          stopped.abort(new Error('enough'));
          socket.destroy();
        });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const seen: number[] = [];
    const attempt = uploadArtifact({
      ...{ ...requestTo(`https://${authority}/job`), ...fileFacts, signal: stopped.signal },
      ...{ origin: { hubUrl: `wss://${authority}/ws` }, onProgress: (bytes) => void seen.push(bytes) },
    });
    await expect(attempt).rejects.toThrow('enough');
    expect(seen).toEqual([]);
    await new Promise((closed) => server.close(closed));
  });

  test('an early answer with a connection that is closed at once does not hang', async () => {
    const handler: RequestListener = (_request, response) => {
      response.writeHead(413, { connection: 'close' }).end();
    };
    await withServer(handler, async (url) => {
      expect(['HUB_REFUSED', 'HUB_UNAVAILABLE']).toContain(
        await codeOf(uploadArtifact({ ...requestTo(url), ...fileFacts })),
      );
    });
  });

  test('an error page without end is not read to its end', async () => {
    const handler: RequestListener = (_request, response) => {
      response.writeHead(500);
      const more = () =>
        response.write('x'.repeat(10_000), (error) => (error ? undefined : setImmediate(more)));
      more();
    };
    await withServer(handler, async (url) => {
      expect(await codeOf(openBundleDownload(requestTo(url)))).toBe('HUB_UNAVAILABLE');
    });
  });

  test('a body that ends early or is compressed is not a bundle', async () => {
    const short: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('AAAA', () => response.destroy());
    };
    await withServer(short, async (url) => {
      const { body } = await openBundleDownload(requestTo(url));
      await expect(text(body)).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    });
    const zipped: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('AAAA');
    };
    await withServer(zipped, async (url) => {
      expect(await codeOf(openBundleDownload(requestTo(url)))).toBe('HUB_REFUSED');
    });
  });

  test('nobody there', async () => {
    let url = '';
    await withServer(
      () => {},
      async (address) => {
        url = address;
      },
    );
    expect(await codeOf(openBundleDownload(requestTo(url)))).toBe('HUB_UNAVAILABLE');
    expect(await codeOf(uploadArtifact({ ...requestTo(url), ...fileFacts }))).toBe('HUB_UNAVAILABLE');
  });

  test('no HTTP at all', async () => {
    const server = createTcpServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .end('220 smtp.example.net\r\n')
          .resume(),
    );
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await codeOf(openBundleDownload(requestTo(url)))).toBe('HUB_UNAVAILABLE');
    await new Promise((closed) => server.close(closed));
  });
});
