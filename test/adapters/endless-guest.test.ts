import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assembleFile } from '../../src/adapters/guest/assemble.ts';
import { findFiles } from '../../src/adapters/guest/find-files.ts';
import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
import type { ServerExec } from '../../src/adapters/guest/ssh/server.ts';
import { syncTree } from '../../src/adapters/guest/sync-tree.ts';
import { getFile, getFiles, getTail, putFile, putTree } from '../../src/adapters/guest/transfer.ts';
import { signInGuest } from '../../src/adapters/rcodesign/sign.ts';
import { verifyInGuest } from '../../src/adapters/rcodesign/verify.ts';
import {
  probeToolchain,
  signAdHoc,
  validateStaple,
  verifyWithCodesign,
} from '../../src/adapters/xcode/index.ts';
import { guestFolder } from '../../src/run/steps/guest-folder.ts';
import { sshServer } from '../helpers/ssh-server.ts';

const TOO_LARGE = 'GUEST_OUTPUT_TOO_LARGE';

interface Place {
  readonly session: GuestSession;
  readonly signal: AbortSignal;
  /** A folder on this host with one file. */
  readonly near: string;
  /** An empty one. */
  readonly destDir: string;
}

const limits = { maxFileBytes: 1_000_000, maxTotalBytes: 1_000_000 };

/** Every kind of command that a guest is given, and what comes of an answer on stdout that does not end. */
const commands: Record<string, { readonly ask: (place: Place) => Promise<unknown>; readonly code?: string }> =
  {
    'takes a folder': {
      ask: ({ session, signal, near }) => putTree(session, { sourceDir: near, remoteDir: 'a', signal }),
    },
    'takes a file': {
      ask: ({ session, signal }) =>
        putFile(session, { source: Buffer.from('x'), remotePath: 'a', mode: 0o600, signal }),
    },
    'removes what is stale': {
      ask: ({ session, signal, destDir }) => {
        const gone = { path: 'gone', type: 'file', mode: 0o644, sizeBytes: 1, writtenBytes: 1 } as const;
        return syncTree(session, {
          sourceDir: destDir,
          remoteDir: 'a',
          sent: new Map([['gone', gone]]),
          signal,
        });
      },
    },
    'puts a file together': {
      ask: ({ session, signal }) => assembleFile(session, { segments: [], remotePath: 'a', signal }),
    },
    'looks for files': {
      ask: ({ session, signal }) => findFiles(session, { remoteDir: 'a', among: ['b'], signal }),
    },
    'gives files': {
      ask: ({ session, signal, destDir }) =>
        getFiles(session, { remoteDir: 'a', paths: ['b'], destDir, limits, signal }),
      code: 'GUEST_OUTPUT_REFUSED',
    },
    'gives a file': {
      ask: ({ session, signal, destDir }) =>
        getFile(session, { remotePath: 'a', destPath: join(destDir, 'a'), maxBytes: 1_000_000, signal }),
    },
    'gives the end of a file': {
      ask: ({ session, signal }) =>
        getTail(session, { remotePath: 'a', fromByte: 0, maxBytes: 1_000_000, signal }),
    },
    'makes a folder': { ask: (place) => guestFolder(place, 'a') },
    signs: {
      ask: ({ session, signal }) =>
        signInGuest(
          session,
          { remotePath: '/a', workDir: '/w', hardenedRuntime: false, timestampUrl: 'none' },
          { signal },
        ),
    },
    'verifies signatures': {
      ask: ({ session, signal }) =>
        verifyInGuest(session, { remotePath: '/a', machOPaths: ['b'], adHoc: true }, { signal }),
    },
    "says whether Apple's tools are there": {
      ask: ({ session, signal }) => probeToolchain(session, { signal }),
    },
    'signs by codesign': {
      ask: ({ session, signal }) =>
        signAdHoc(session, {
          appPath: '/a',
          nestedPaths: [],
          hardenedRuntime: false,
          entitlementsXml: '',
          signal,
        }),
    },
    'is asked for the opinion of codesign': {
      ask: ({ session, signal }) => verifyWithCodesign(session, { path: '/a', deep: true, signal }),
    },
    'is asked for the opinion of stapler': {
      ask: ({ session, signal }) => validateStaple(session, { path: '/a', signal }),
    },
  };

let folder: string;
let closed: number;
let opened: number;
const cleanUps: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-endless-'));
  [opened, closed] = [0, 0];
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await rm(folder, { recursive: true, force: true });
});

async function placeIn(answer: (exec: ServerExec) => void, signal: AbortSignal): Promise<Place> {
  const onExec = (exec: ServerExec): void => {
    opened += 1;
    exec.stdin.resume();
    answer(exec);
  };
  const { address, privateKey, close } = await sshServer(onExec, () => {
    closed += 1;
  });
  cleanUps.push(close);
  const access = { address, credentials: { privateKey }, signal, readyTimeoutMs: 10_000 };
  const session = await connectSsh(access);
  cleanUps.push(() => session.close());
  const [near, destDir] = [await mkdtemp(join(folder, 'near-')), await mkdtemp(join(folder, 'dest-'))];
  await writeFile(join(near, 'file'), 'content');
  return { session, signal, near, destDir };
}

/** As fast as it is taken, until the channel is closed. */
const flood =
  (stream: 'stdout' | 'stderr', piece = Buffer.alloc(256 * 1024, 'a line that says nothing new\n')) =>
  (exec: ServerExec): void => {
    const write = (): void => {
      if (closed === opened) return;
      if (exec[stream].write(piece)) setImmediate(write);
    };
    exec[stream].on('drain', write).on('error', () => {});
    write();
  };

const never = new AbortController().signal;

describe.each(Object.entries(commands))('a guest that %s', (_, { ask, code = TOO_LARGE }) => {
  test('and floods stdout without end is cut off', async () => {
    await expect(ask(await placeIn(flood('stdout'), never))).rejects.toMatchObject({ code });
    await expect.poll(() => closed).toBe(opened);
  });

  test.each(['stdout', 'stderr'] as const)(
    'and says a byte now and then on %s ends with its step',
    async (stream) => {
      const deadline = new AbortController();
      const place = await placeIn((exec) => {
        let said = 0;
        const say = (): void => {
          said += 1;
          if (said === 20) deadline.abort(new Error('the step is over'));
          if (!exec[stream].destroyed && said < 40) exec[stream].write('.', () => setImmediate(say));
        };
        exec[stream].on('error', () => {});
        say();
      }, deadline.signal);
      await expect(ask(place)).rejects.toThrow('the step is over');
      await expect.poll(() => closed).toBe(opened);
      expect(await readdir(place.destDir)).toEqual([]);
    },
  );
});

test.each(['takes a folder', 'gives files', 'signs'])(
  'a guest that %s and floods stderr without end is cut off',
  async (name) => {
    const place = await placeIn(flood('stderr'), never);
    await expect(commands[name]?.ask(place)).rejects.toMatchObject({ code: TOO_LARGE });
    await expect.poll(() => closed).toBe(opened);
  },
);
