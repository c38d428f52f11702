import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type SignInGuestRequest, signInGuest } from '../../src/adapters/rcodesign/sign.ts';
import { verifyInGuest } from '../../src/adapters/rcodesign/verify.ts';
import { localGuest } from './local-guest.ts';
import { machOPaths, makeIdentity, makeMacApp, rcodesign, rcodesignPath } from './rcodesign-fixtures.ts';

/** A folder with a macOS app to copy and an identity, for the tests of one file; removed after them. */
export function signingRoom() {
  const signal = AbortSignal.timeout(120_000);
  const room = { folder: '', original: '', pem: Buffer.alloc(0), copies: 0 };
  beforeAll(async () => {
    room.folder = await mkdtemp(join(tmpdir(), 'perry-sign-'));
    room.original = join(room.folder, 'original');
    await makeMacApp(room.original);
    room.pem = await readFile(await makeIdentity(room.folder));
  });
  afterAll(() => rm(room.folder, { recursive: true, force: true }));

  const guest = (env: Record<string, string> = {}) => localGuest({ cwd: room.folder, env });
  const workDir = (): string => join(room.folder, 'wörk dir');
  return {
    signal,
    guest,
    workDir,
    get folder() {
      return room.folder;
    },
    get original() {
      return room.original;
    },
    pem: () => room.pem,
    /** A fresh copy of the app in a folder of its own. */
    freshApp: async (): Promise<string> => {
      room.copies += 1;
      const app = join(room.folder, `job ${room.copies}`, 'Über App.app');
      await cp(room.original, app, { recursive: true, verbatimSymlinks: true });
      return app;
    },
    sign: (
      remotePath: string,
      request: Partial<SignInGuestRequest> = {},
      lines: string[] = [],
      session = guest(),
    ) => {
      const usual = { pem: room.pem, hardenedRuntime: false, timestampUrl: 'none', rcodesignPath };
      const whole = { remotePath, workDir: workDir(), ...usual, ...request };
      return signInGuest(session, whole, { signal, onLine: (line) => lines.push(line) });
    },
    verify: (remotePath: string, adHoc = false, paths: readonly string[] = machOPaths) =>
      verifyInGuest(guest(), { remotePath, machOPaths: paths, adHoc, rcodesignPath }, { signal }),
    signatureOf: (app: string, path: string): Promise<string> =>
      rcodesign('print-signature-info', join(app, path)),
  };
}
