import { basename } from 'node:path';
import { fromPromise } from 'xstate';
import type { Artifact } from '../../machines/contracts/job.ts';
import type { RecordInput } from '../../machines/sign-job/ports.ts';
import type { ImageIdentity } from '../adapters/vm/driver.ts';
import type { SignedEntry } from '../audit/account.ts';
import { provenanceOf } from '../audit/provenance.ts';
import { packageVersion } from '../package-root.ts';
import type { Services } from '../run/services.ts';
import { type LocalJob, stepCallOf } from './run-steps.ts';

const UNKNOWN_IMAGE: ImageIdentity = { sha256Hex: null, builtAt: null, madeOf: null, rcodesign: null };

/**
 * What the process of the run says of its signature, with what this worker knows by itself, in the account of
 * signatures. The statement that goes with the artifact is written down here, so that its digest is in the same line.
 */
export const recordSignatureIn = (services: Services, local?: LocalJob) =>
  fromPromise<Artifact, RecordInput>(async ({ input, signal }) => {
    const { runs, signatures, vault } = services;
    const { runId, artifact } = input;
    const call = stepCallOf(services, input);
    const { facts } = await runs.call(runId, 'describeSignature', call, { signal });
    const entry = { ...(await knownHere(services, input, signal)), facts };
    const startedAtMs = vault.claim(runId)?.receivedAtMs;
    const provenance = isWanted(services, input, local)
      ? provenanceOf({
          ...{ entry, finishedAtMs: Date.now() },
          ...(startedAtMs !== undefined && { startedAtMs }),
          ...(local && { subject: basename(local.ends.artifact.wanted) }),
        })
      : undefined;
    await signatures.enter({ ...entry, provenance: provenance?.file ?? null });
    if (provenance) {
      const { file, text } = provenance;
      await runs.call(runId, 'keepProvenance', { ...call, name: file.name, text }, { signal });
    }
    return artifact;
  });

/** Beside the artifact that its sender gets, and no other; without a hub, where a file was named for it. */
function isWanted({ config }: Services, { isDelivered }: RecordInput, local: LocalJob | undefined): boolean {
  if (!isDelivered) return false;
  return local ? local.ends.artifact.provenance !== undefined : config.provenance === 'on';
}

async function knownHere(
  { driver, asker, toolchain: tools }: Services,
  { runId, jobId, pass, madeBy, artifact, vmName, image, toolchain }: RecordInput,
  signal: AbortSignal,
): Promise<Omit<SignedEntry, 'facts' | 'provenance'>> {
  const known = await driver.describeImage?.(image, { signal }).catch(() => UNKNOWN_IMAGE);
  signal.throwIfAborted();
  const { sha256Hex, builtAt, madeOf, rcodesign } = known ?? UNKNOWN_IMAGE;
  return {
    ...{ runId, jobId, pass, madeBy, artifact, asker },
    tools: { perryShip: packageVersion(), toolchain: toolchain ?? tools.expected() ?? null, rcodesign },
    machine: {
      ...{ driver: driver.kind, name: vmName, image },
      ...{ imageSha256Hex: sha256Hex, imageBuiltAt: builtAt, imageOf: madeOf },
    },
  };
}
