import { toFailure } from '../../machines/contracts/failure.ts';
import type { HubMessage } from '../../machines/contracts/hub.ts';
import { type ParsedFrame, parseHubFrame } from '../adapters/hub/protocol.ts';
import { knownCredentials, parseCredentials, refuseToldPasswords } from '../domain/credentials/index.ts';
import { knownManifest, parseManifest } from '../domain/manifest/index.ts';
import { slug } from '../domain/slug.ts';
import { ShipError } from '../errors.ts';
import type { Services } from '../run/services.ts';

type Assigned = Extract<ParsedFrame, { type: 'jobAssigned' }>;

/**
 * Reads one frame of the hub. Whatever is wrong with an assignment, this one alone fails: everything that is thrown
 * becomes the failure of its job.
 */
export function takeIn(services: Services, frame: Buffer, assignmentId: string): HubMessage | undefined {
  const message = parseHubFrame(frame);
  if (message?.type === 'jobMalformed')
    return { ...message, assignmentId, failure: malformed(message.problem).failure };
  if (message?.type !== 'jobAssigned') return message;
  try {
    admit(services, assignmentId, message, frame.length);
    return { type: 'jobAssigned', jobId: message.jobId, assignmentId };
  } catch (error) {
    return refused(services, assignmentId, message, error);
  }
}

/** What is secret about an assignment goes into the vault here, and nowhere else. */
function admit({ vault }: Services, assignmentId: string, message: Assigned, sizeBytes: number): void {
  const { type: _, manifest, credentials, ...rest } = message;
  vault.put(assignmentId, {
    ...rest,
    manifest: knownManifest(manifest),
    credentials: knownCredentials(credentials),
    receivedAtMs: vault.claim(assignmentId)?.receivedAtMs ?? Date.now(),
    sizeBytes,
  });
  const { appName, bundleId, version, shortVersion = '', platform } = parseManifest(manifest);
  const app = { name: appName, bundleId, version: shortVersion ? `${shortVersion} (${version})` : version };
  vault.noteManifest(assignmentId, { platform, app });
  parseCredentials(credentials);
  refuseToldPasswords(credentials, {
    ...{ app_name: appName, bundle_id: bundleId, version, short_version: shortVersion },
    ...{ job_id: message.jobId, 'the name of the artifact': slug(appName, '') },
  });
}

function refused(services: Services, assignmentId: string, { jobId }: Assigned, error: unknown): HubMessage {
  // the token stays, and what may be in the text of the failure stays hidden, until the hub has the answer
  services.vault.dropSecrets(assignmentId);
  if (!(error instanceof ShipError))
    services.logger.error({ job: jobId, run: assignmentId, err: error }, 'a job could not be taken in');
  return { type: 'jobMalformed', jobId, assignmentId, failure: toFailure(error) };
}

export const malformed = (problem: string): ShipError =>
  new ShipError('MANIFEST_INVALID', {
    summary: 'The hub handed out this job in a form that cannot be read.',
    reason: problem,
    nextStep: 'Update the hub or the command-line tool that sent the job, and send it again.',
  });
