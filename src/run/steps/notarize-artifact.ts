import type { KnownSubmission, LogFindings, Verdict } from '../../../machines/notarization/ports.ts';
import {
  askStatus,
  fetchDeveloperLog,
  listSubmissions,
  submit,
  uploadForNotarization,
} from '../../adapters/notary/index.ts';
import { ShipError } from '../../errors.ts';
import { artifactNamed } from '../run-results.ts';
import {
  type NotaryCall,
  type NotaryScope,
  notaryAccess,
  notarySessionOf,
  type SubmissionCall,
  submissionName,
} from './notary-session.ts';

export async function findSubmission(
  { services }: NotaryScope,
  { artifact }: NotaryCall,
): Promise<KnownSubmission | null> {
  const known = await services.submissions.find(artifact.sha256Hex);
  return known ? { submissionId: known.submissionId, isUploaded: known.phase !== 'announced' } : null;
}

/** Between the look into the journal and the entry in it nobody else may submit the digest: whoever calls sees to it. */
export async function submitArtifact(
  scope: NotaryScope,
  { artifact, replaces }: NotaryCall & { readonly replaces: string | null },
): Promise<{ submissionId: string }> {
  const file = { sha256Hex: artifact.sha256Hex, name: submissionName(artifact) };
  const { submissions } = scope.services;
  const known = await submissions.find(file.sha256Hex);
  const isReplaced = known?.phase === 'announced' && known.submissionId === replaces;
  if (known && !isReplaced) throw alreadySubmitted(known.submissionId);
  const { id, grant } = await submit(notaryAccess(scope), file, scope.signal);
  scope.services.redactor.add(`${scope.results.runId} upload`, [grant.secretAccessKey, grant.sessionToken]);
  notarySessionOf(scope).grant = grant;
  await submissions.record(file.sha256Hex, { submissionId: id, name: file.name, phase: 'announced' });
  return { submissionId: id };
}

const alreadySubmitted = (submissionId: string): ShipError =>
  new ShipError('NOTARY_ALREADY_SUBMITTED', {
    summary: 'Another run has submitted the same file to the notary service.',
    reason: `Its submission is ${submissionId}.`,
    nextStep: 'Wait for that run, and try again.',
  });

/** Whoever has this name has this digest; one that Apple still checks may have no file, and cannot be given one. */
export async function seekSubmission(
  scope: NotaryScope,
  { artifact }: NotaryCall,
): Promise<{ submissionId: string } | null> {
  const name = submissionName(artifact);
  const listed = await listSubmissions(notaryAccess(scope), scope.signal);
  const judged = listed.find((entry) => entry.name === name && entry.status !== 'inProgress');
  return judged ? { submissionId: judged.id } : null;
}

export const recordSubmission = (
  { services }: NotaryScope,
  { artifact, submissionId, phase }: SubmissionCall & { readonly phase: 'uploaded' | 'concluded' },
): Promise<void> =>
  services.submissions.record(artifact.sha256Hex, { submissionId, name: submissionName(artifact), phase });

export const forgetSubmission = ({ services }: NotaryScope, { artifact }: SubmissionCall): Promise<void> =>
  services.submissions.forget(artifact.sha256Hex);

/** Small enough that a slow line still says something in time, large enough not to say too much. */
const NEWS_BYTES = 1024 * 1024;

export async function uploadArtifact(
  scope: NotaryScope,
  { artifact: { name, sizeBytes, sha256Hex } }: SubmissionCall,
  onProgress: (sentBytes: number) => void,
): Promise<void> {
  const { grant } = notarySessionOf(scope);
  if (!grant) throw noGrant();
  const { notaryS3Url } = scope.services.config;
  let toldBytes = 0;
  await uploadForNotarization({
    path: artifactNamed(scope.results, name).path,
    sizeBytes,
    sha256Hex,
    grant,
    ...(notaryS3Url !== undefined && { s3Url: new URL(notaryS3Url) }),
    signal: scope.signal,
    onProgress: (sentBytes) => {
      if (sentBytes - toldBytes < NEWS_BYTES && sentBytes < sizeBytes) return;
      toldBytes = sentBytes;
      onProgress(sentBytes);
    },
  });
}

const noGrant = (): ShipError =>
  new ShipError('NOTARY_UPLOAD_EXPIRED', {
    summary: 'There is no permission to upload to the notary service.',
    reason: 'It is kept in memory only and belongs to a submission from before a restart.',
    nextStep: 'Try again: every submission gets a new permission.',
  });

export async function askVerdict(
  scope: NotaryScope,
  { submissionId }: SubmissionCall,
): Promise<Verdict | 'inProgress'> {
  return askStatus(notaryAccess(scope), submissionId, scope.signal);
}

export async function fetchLog(
  scope: NotaryScope,
  { submissionId, artifact }: SubmissionCall,
): Promise<LogFindings> {
  const { sha256Hex, ...log } = await fetchDeveloperLog(notaryAccess(scope), submissionId, scope.signal);
  return { ...log, isForeign: sha256Hex !== '' && sha256Hex !== artifact.sha256Hex };
}
