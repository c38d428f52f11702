import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import { digestsOfUntouched } from '../adapters/code-signature/resource-digests.ts';
import { checkSealedBundle } from '../adapters/code-signature/sealed-bundle.ts';
import { verifyInGuest } from '../adapters/rcodesign/verify.ts';
import { listChanged } from '../adapters/vm/changed-files.ts';
import { getFiles } from '../adapters/vm/transfer.ts';
import { ShipError } from '../errors.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/**
 * Two opinions on the signature: rcodesign's in the guest, and our own on the host, over the files that came back
 * and those that never left. A guest that changed anything else is found by the seal.
 */
export async function verifySignature(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  await verifyInGuest(
    session,
    {
      remotePath: held(desk, 'guestAppPath'),
      machOPaths: held(desk, 'facts').machOs.map(({ path }) => path),
      adHoc: desk.identity === undefined,
    },
    { signal },
  );
  report.progress(85);
  await fetchChanges(scope);
  report.progress(90);
  const { appPath } = held(desk, 'found');
  const digests = await digestsOfUntouched(appPath, held(desk, 'resourceDigests'));
  const { findings } = await checkSealedBundle(appPath, { signal, digests });
  const [first] = findings;
  if (first) throw broken(first.path, first.message, findings.length);
}

/** Signing changes code and seals only: resources stay where they are, on the host. */
async function fetchChanges({ desk, session, signal }: GuestStepScope): Promise<void> {
  const remoteDir = held(desk, 'guestAppPath');
  const { maxEntries: maxFiles, maxUnpackedBytes } = defaultUnpackLimits;
  const limits = { maxFiles, maxFileBytes: maxUnpackedBytes, maxTotalBytes: maxUnpackedBytes };
  const { changed } = await listChanged(session, {
    remoteDir,
    maxFiles,
    since: held(desk, 'guestTree'),
    signal,
  });
  await getFiles(session, {
    remoteDir,
    paths: changed,
    destDir: held(desk, 'found').appPath,
    limits,
    signal,
  });
}

const broken = (path: string, message: string, count: number): ShipError =>
  new ShipError('SIGNATURE_INVALID', {
    summary: `The signature does not hold: ${path === '' ? 'the bundle' : `"${path}"`}: ${message}`,
    reason: count > 1 ? `${count - 1} more findings are in the log of the worker.` : '',
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
  });
