import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { altered } from '../../adapters/guest/altered.ts';
import { findFiles } from '../../adapters/guest/find-files.ts';
import { getFiles } from '../../adapters/guest/transfer.ts';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { codeRootOf, joined } from '../../domain/bundle/nested-places.ts';
import { signatureMismatch } from '../../domain/code-signature/expected-signature.ts';
import { sealFormFault } from '../../domain/code-signature/seal-form.ts';
import { ShipError } from '../../errors.ts';
import { defaultUnpackLimits } from '../../files/archive/limits.ts';
import { plainPath } from '../../files/bundle/plain-file.ts';
import { forEachBounded } from '../../files/code-signature/file-digests.ts';
import { codeChange, pairSlices } from '../../files/code-signature/same-code.ts';
import { type SignedFile, withSignedFile } from '../../files/code-signature/signed-file.ts';
import { MAX_SEAL_BYTES } from '../../formats/code-signature/property-list.ts';
import { need } from '../run-results.ts';
import { type Expect, expectedSignatures } from './expected-signatures.ts';
import type { GuestStepScope } from './step.ts';

const FILES_AT_ONCE = 4;
const SEAL_MODE = 0o644;
const FOLDER_MODE = 0o755;
const SEAL = '_CodeSignature/CodeResources';

/**
 * Takes from the guest what signing makes, and nothing else: code that was sent, when it is the same but for its
 * signature and the signature is the one that was asked for, and the seals. Everything else, modes included, stays as
 * it is on this host; whether the seals fit that is for the check of the signed bundle to say.
 *
 * @throws ShipError GUEST_OUTPUT_ALTERED · as `getFiles`
 */
export async function takeSignatures(scope: GuestStepScope): Promise<void> {
  const { results, session, signal, pass, report } = scope;
  const { appPath } = need(results, 'found');
  const facts = need(results, 'facts');
  const remoteDir = need(results, 'guestAppPath');
  const code = facts.machOs.map(({ path }) => path);
  const seals = await findFiles(session, { remoteDir, among: sealPlaces(facts), signal });
  const destDir = join(results.dir, `signed-${pass}`);
  await mkdir(destDir, { mode: 0o700 });
  const { maxEntries: maxFiles, maxUnpackedBytes } = defaultUnpackLimits;
  const limits = { maxFiles, maxFileBytes: maxUnpackedBytes, maxTotalBytes: maxUnpackedBytes };
  await getFiles(session, { remoteDir, paths: [...code, ...seals], destDir, limits, signal });
  const expect = await expectedSignatures(scope);
  await forEachBounded(code, FILES_AT_ONCE, (path) => takeCode({ appPath, destDir, path, expect, signal }));
  for (const path of seals) await takeSeal({ appPath, path, returned: join(destDir, path), signal });
  await rm(destDir, { recursive: true, force: true });
  report.progress(85);
}

/** Where signing puts the seal of a bundle. */
const sealPlaces = ({ infoPlist, nested }: BundleFacts): string[] =>
  [infoPlist, ...nested.map((bundle) => bundle.infoPlist)].map((path) => joined(codeRootOf(path), SEAL));

interface ReturnedCode {
  readonly appPath: string;
  readonly destDir: string;
  readonly path: string;
  readonly expect: Expect;
  readonly signal: AbortSignal;
}

async function takeCode(code: ReturnedCode): Promise<void> {
  const { appPath, destDir, path } = code;
  const [own, returned] = [await plainPath(appPath, path), join(destDir, path)];
  const fault = await withSignedFile(own, (unsigned) =>
    withSignedFile(returned, (signed) => faultIn(() => faultOf(code, unsigned, signed))),
  );
  if (fault !== undefined) throw altered('the signed app', `"${path.slice(0, 200)}": ${fault}`);
  await moveInto(appPath, path, returned, (await lstat(own)).mode & 0o777);
}

async function faultOf(
  { path, expect, signal }: ReturnedCode,
  unsigned: SignedFile,
  signed: SignedFile,
): Promise<string | undefined> {
  const pairs = await pairSlices(unsigned, signed);
  if (typeof pairs === 'string') return pairs;
  for (const pair of pairs) {
    const change = await codeChange({ unsigned, signed }, pair, signal);
    if (change !== undefined) return change;
    const { signature } = pair.signed;
    if (!signature) return 'It came back without a signature.';
    const mismatch = signatureMismatch(signature, expect(path, pair.unsigned));
    if (mismatch) return `It is not signed as asked: ${mismatch}.`;
  }
  return undefined;
}

interface ReturnedSeal {
  readonly appPath: string;
  readonly path: string;
  readonly returned: string;
  readonly signal: AbortSignal;
}

/** Its digests are checked with the whole bundle; here, that it is a seal like any other. */
async function takeSeal({ appPath, path, returned, signal }: ReturnedSeal): Promise<void> {
  const root = join(appPath, path.slice(0, -SEAL.length));
  const bytes = await withSignedFile(returned, (file) =>
    file.read(0, Math.min(file.sizeBytes, MAX_SEAL_BYTES)),
  );
  const fault = await faultIn(() => sealFormFault(bytes, (item) => isBelow(root, item), signal));
  if (fault !== undefined) throw altered('the signed app', `"${path.slice(0, 200)}": ${fault}`);
  await moveInto(appPath, path, returned, SEAL_MODE);
}

/** Without following a link as its last part; `item` is a path that the guest named. */
async function isBelow(root: string, item: string): Promise<boolean> {
  if (item.split('/').includes('..')) return false;
  return lstat(join(root, item)).then(
    () => true,
    () => false,
  );
}

/** What cannot be read is a fault like any other. */
async function faultIn(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof ShipError && error.code === 'SIGNATURE_MALFORMED') return error.failure.reason;
    throw error;
  }
}

/** Never through a link that lies in the bundle. */
async function moveInto(appPath: string, path: string, from: string, mode: number): Promise<void> {
  const target = await plainPath(appPath, path);
  const made = await mkdir(dirname(target), { recursive: true });
  if (made !== undefined) await chmod(dirname(target), FOLDER_MODE);
  await chmod(from, mode);
  await rename(from, target);
}
