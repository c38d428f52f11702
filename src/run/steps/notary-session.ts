import { join } from 'node:path';
import { wording } from '../../../machines/contracts/wording.ts';
import type { NotaryInput, SubmissionInput } from '../../../machines/notarization/ports.ts';
import { type ApiTokens, createApiTokens } from '../../adapters/apple/api-token.ts';
import type { NotaryAccess, UploadGrant } from '../../adapters/notary/index.ts';
import { ShipError } from '../../errors.ts';
import { credentialNames, words } from '../../words.ts';
import { need, type RunResults } from '../run-results.ts';
import type { RunServices } from '../services.ts';

/** What notarizing works with. */
export type NotaryServices = Pick<RunServices, 'config' | 'redactor' | 'submissions' | 'log'>;

/** One effect of a notarization. */
export interface NotaryScope {
  readonly services: NotaryServices;
  readonly results: RunResults;
  readonly signal: AbortSignal;
}

/** What it is about. */
export type NotaryCall = Omit<NotaryInput, 'runId'>;
export type SubmissionCall = Omit<SubmissionInput, 'runId'>;

/** What a notarization keeps between two effects; it is gone with the results of its run. */
interface NotarySession {
  /** Secret: holds the key. Without one a ticket can be fetched all the same. */
  tokens?: ApiTokens;
  /** Secret: of the newest submission. */
  grant?: UploadGrant;
  ticket?: Buffer;
}

const notarySessions = new WeakMap<RunResults, NotarySession>();

export function notarySessionOf({ results }: NotaryScope): NotarySession {
  const session = notarySessions.get(results) ?? {};
  notarySessions.set(results, session);
  return session;
}

export function notaryAccess(scope: NotaryScope): NotaryAccess {
  const session = notarySessionOf(scope);
  session.tokens ??= tokensOf(scope.results);
  return { baseUrl: new URL(scope.services.config.notaryUrl), tokens: session.tokens };
}

function tokensOf(results: RunResults): ApiTokens {
  const {
    apiKeyId: keyId,
    apiIssuerId: issuerId,
    apiPrivateKeyPem: privateKeyPem,
  } = need(results, 'credentials');
  if (keyId !== undefined && issuerId !== undefined && privateKeyPem !== undefined)
    return createApiTokens({ keyId, issuerId, privateKeyPem });
  throw new ShipError('CREDENTIAL_MISSING', {
    summary: 'The app cannot be notarized without an App Store Connect API key.',
    reason: wording`Of ${credentialNames(['apple_key_id', 'apple_issuer_id', 'apple_p8_key'])} not all were given.`,
    nextStep: wording`${words.configure} ${words.apiKey}, and try again.`,
  });
}

/**
 * The name under which Apple lists a submission. It carries the digest, so that after a lost answer or a restart the
 * very same file is found again, and no other.
 */
export function submissionName({
  name,
  sha256Hex,
}: {
  readonly name: string;
  readonly sha256Hex: string;
}): string {
  const at = name.lastIndexOf('.');
  const [stem, extension] = at > 0 ? [name.slice(0, at), name.slice(at)] : [name, ''];
  return `${stem}-${sha256Hex.slice(0, 16)}${extension}`;
}

/** The bundle of a run, and its main executable. */
export function appOf(results: RunResults): { readonly appPath: string; readonly executablePath: string } {
  if (results.finishedApp) return results.finishedApp;
  const { appPath } = need(results, 'found');
  return { appPath, executablePath: join(appPath, need(results, 'facts').executable) };
}
