import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifact } from '../../machines/contracts/job.ts';
import type { NotarizationServices } from '../../src/actors/notarization.ts';
import { createAccount } from '../../src/audit/account.ts';
import { loadConfig } from '../../src/config/load.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { fileJournal } from '../../src/journal/submissions.ts';
import type { Limits } from '../../src/run/limits.ts';
import type { RunResults } from '../../src/run/run-results.ts';
import type { KnownApiKey } from '../apple-simulator/api-auth.ts';
import { writeDmg } from './dmg-file.ts';
import { infoPlist, makeIdentity, makeMachO, writeIn } from './rcodesign-fixtures.ts';
import { type RunsWithDesks, runsWithDesks } from './run-with-results.ts';
import { sign } from './signed-bundles.ts';

export const apiKeyId = 'ABCDE12345';
export const apiIssuerId = '57246542-96fe-1a63-e053-0824d011072a';

/** A throw-away App Store Connect API key, as its owner and as Apple have it. */
export function makeApiKey(): { readonly privateKeyPem: string; readonly known: KnownApiKey } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    known: {
      keyId: apiKeyId,
      issuerId: apiIssuerId,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  };
}

export interface SignedImage {
  readonly folder: string;
  readonly pem: string;
  readonly appPath: string;
  readonly imagePath: string;
  readonly artifact: Artifact;
  remove(): Promise<void>;
}

export interface ImageOptions {
  readonly timestampUrl?: string;
  /** Without the hardened runtime, the app is not what Apple accepts. */
  readonly isHardened?: boolean;
}

/** A macOS app, signed as for notarization, and the signed disk image with it. */
export async function makeSignedImage(options: ImageOptions = {}): Promise<SignedImage> {
  const timestampUrl = options.timestampUrl ?? 'none';
  const folder = await mkdtemp(join(tmpdir(), 'perry-notary-'));
  const pem = await makeIdentity(folder);
  const appPath = join(folder, 'Über App.app');
  await makeMachO(join(appPath, 'Contents/MacOS/App'));
  await writeIn(appPath, 'Contents/Info.plist', infoPlist('com.example.ueber', 'App', 'APPL'));
  await writeIn(appPath, 'Contents/Resources/text.txt', 'sealed');
  const flags = options.isHardened === false ? [] : ['--code-signature-flags', 'runtime'];
  await sign({ pem, timestampUrl }, appPath, ...flags);
  const imagePath = join(folder, 'Ueber_App-job.dmg');
  const root = await volumeEntries(appPath, 'Über App.app');
  const signal = AbortSignal.timeout(60_000);
  await writeDmg({ volumeName: 'Über App', root, sourceDate: new Date(), signal, outPath: imagePath });
  await sign({ pem, timestampUrl }, imagePath, '--binary-identifier', 'com.example.ueber.dmg');
  return {
    ...{ folder, pem, appPath, imagePath },
    artifact: await artifactAt(imagePath, 'Ueber_App-job.dmg'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function artifactAt(path: string, name: string): Promise<Artifact> {
  const sha256Hex = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { name, sizeBytes: (await stat(path)).size, sha256Hex };
}

/** Of runs that have signed nothing here. */
export const noAccount = () => createAccount(() => Promise.reject(new Error('nothing was signed')));

/** Everything that a notarization works with, and nothing else of the daemon. */
export function notaryServices(folder: string, env: Readonly<Record<string, string>>, limits: Limits = {}) {
  const lines: string[] = [];
  const { runs, open } = runsWithDesks({ folder, env, writeLog: (line) => lines.push(line) });
  const { config } = loadConfig({ ...env, PERRY_STATE_DIR: folder, PERRY_VM_DRIVER: 'local' });
  const services: NotarizationServices = {
    ...{ config, limits, runs },
    submissions: fileJournal(folder),
    signatures: noAccount(),
  };
  return { services, lines, open };
}

/** A run that has made its disk image. */
export async function openRun(
  open: RunsWithDesks['open'],
  image: SignedImage,
  apiPrivateKeyPem: string,
  runId = 'run-1',
): Promise<RunResults> {
  const results = await open(runId, {
    credentials: { apiKeyId, apiIssuerId, apiPrivateKeyPem },
    found: { appPath: image.appPath, folderName: 'Über App.app' } as NonNullable<RunResults['found']>,
    facts: { executable: 'Contents/MacOS/App' } as NonNullable<RunResults['facts']>,
  });
  results.artifacts.set(image.artifact.name, { ...image.artifact, path: image.imagePath });
  return results;
}
