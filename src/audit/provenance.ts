import type { Artifact } from '../../machines/contracts/job.ts';
import type { SignedEntry } from './account.ts';
import { digestOf } from './chain-line.ts';

export interface Provenance {
  readonly text: string;
  readonly file: Artifact;
}

export interface ProvenanceWish {
  readonly entry: Omit<SignedEntry, 'provenance'>;
  /** When the job came in; left out where that is not known. */
  readonly startedAtMs?: number;
  readonly finishedAtMs: number;
  /** Of the artifact where it goes; left out where that is its own. */
  readonly subject?: string;
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
/** Names this form of `buildDefinition`; what the fields mean is told beside `PERRY_PROVENANCE` in `src/cli/operation.md`. */
const BUILD_TYPE = 'https://perryts.com/perry-ship/sign/v1';
const BUILDER = 'https://perryts.com/perry-ship/worker';

/**
 * How an artifact was made, for whoever gets it: an in-toto statement with SLSA provenance, as one line of JSON.
 * Nobody signs it: the only key of a job is in its machine, and signs the app alone. What it is worth beside that is the
 * digest of it that the account of signatures holds.
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function provenanceOf(wish: ProvenanceWish): Provenance {
  const { artifact } = wish.entry;
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: wish.subject ?? artifact.name, digest: { sha256: artifact.sha256Hex } }],
    predicateType: PREDICATE_TYPE,
    predicate: { buildDefinition: buildDefinition(wish.entry), runDetails: runDetails(wish) },
  };
  const text = `${JSON.stringify(statement)}\n`;
  const name = `${artifact.name}.intoto.jsonl`;
  return { text, file: { name, sizeBytes: Buffer.byteLength(text), sha256Hex: digestOf(text) } };
}

/** `external` is what the sender of the job decides, `internal` what this worker does. */
function buildDefinition({ facts, pass, madeBy, tools, machine, asker, jobId }: ProvenanceWish['entry']) {
  const { platform, app, builtWith, identity, installer, profile, signed } = facts;
  return {
    buildType: BUILD_TYPE,
    externalParameters: { target: `${platform}-sign`, app, builtWith, identity, installer, profile },
    internalParameters: {
      ...{ job: jobId, worker: asker.worker, hub: asker.hub },
      ...{ pass, madeBy, toolchain: tools.toolchain, driver: machine.driver, signed },
    },
    resolvedDependencies: dependencies(facts, machine),
  };
}

function dependencies(
  { received }: ProvenanceWish['entry']['facts'],
  { image, imageSha256Hex, imageOf, imageBuiltAt }: ProvenanceWish['entry']['machine'],
) {
  const bundle = received && {
    name: `bundle-${received.kind}`,
    digest: { sha256: received.sha256Hex },
    annotations: { bytes: received.bytes },
  };
  const golden = {
    name: `golden-image/${image}`,
    ...(imageSha256Hex === null ? { uri: `perry-ship-image:${encodeURIComponent(image)}` } : {}),
    ...(imageSha256Hex !== null && { digest: { sha256: imageSha256Hex } }),
    annotations: { of: imageOf, builtAt: imageBuiltAt },
  };
  return [...(bundle ? [bundle] : []), golden];
}

function runDetails({ entry, startedAtMs, finishedAtMs }: ProvenanceWish) {
  const { tools, runId } = entry;
  return {
    builder: {
      id: BUILDER,
      version: {
        'perry-ship': tools.perryShip,
        ...(tools.rcodesign !== null && { rcodesign: tools.rcodesign }),
      },
    },
    metadata: {
      invocationId: runId,
      ...(startedAtMs !== undefined && { startedOn: secondOf(startedAtMs) }),
      finishedOn: secondOf(finishedAtMs),
    },
  };
}

/** RFC 3339 in UTC, as the specification has it. */
const secondOf = (timeMs: number): string => new Date(timeMs).toISOString();
