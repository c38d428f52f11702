import type { Artifact } from '../../../machines/contracts/job.ts';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import type { StapleTarget } from '../../../machines/notarization/ports.ts';
import { lookupTicket } from '../../adapters/apple/tickets.ts';
import { ShipError } from '../../errors.ts';
import { checkSignature } from '../../files/code-signature/index.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import { codeRecordName, imageRecordName, stapleApp, stapleImage } from '../../files/stapling/index.ts';
import { looksLikeTicket } from '../../formats/code-signature/ticket.ts';
import { artifactNamed } from '../run-results.ts';
import { appOf, type NotaryCall, type NotaryScope, notarySessionOf } from './notary-session.ts';

type StapleInput = NotaryCall & { readonly target: StapleTarget };

/** The ticket is looked up by what is on the disk now: if that is not what Apple saw, there is none. */
export async function fetchTicket(scope: NotaryScope, { target, artifact }: StapleInput): Promise<void> {
  const { services, results, signal } = scope;
  const recordName =
    target === 'image'
      ? await imageRecordName(artifactNamed(results, artifact.name).path)
      : await codeRecordName(appOf(results).executablePath);
  const ticket = await lookupTicket(new URL(services.config.ticketUrl), recordName, signal);
  if (!looksLikeTicket(ticket))
    services.log('a notarization ticket has an unknown form', { recordName, sizeBytes: ticket.length });
  notarySessionOf(scope).ticket = ticket;
}

export async function stapleTicket(scope: NotaryScope, { target, artifact }: StapleInput): Promise<Artifact> {
  const { results, signal } = scope;
  const { ticket } = notarySessionOf(scope);
  if (!ticket) throw new Error('there is no ticket to staple');
  delete notarySessionOf(scope).ticket;
  if (target === 'app') {
    await stapleApp(appOf(results).appPath, ticket);
    return artifact;
  }
  const { path, name } = artifactNamed(results, artifact.name);
  await stapleImage(path, ticket);
  await requireSound(path, signal);
  const stapled = { name, ...(await digestOfFile(path, signal)) };
  results.artifacts.set(name, { ...stapled, path, stapled: true });
  return stapled;
}

/** Stapling must not have touched anything that is signed. */
async function requireSound(path: string, signal: AbortSignal): Promise<void> {
  const { signatures, findings } = await checkSignature(path, { signal });
  if (findings.length === 0 && signatures[0]?.hasStapledTicket) return;
  throw new ShipError('STAPLE_FAILED', {
    summary: 'The disk image does not hold any more after the notarization ticket was attached.',
    reason: findings[0]?.message ?? 'The ticket is not in its signature.',
    nextStep: TRY_AGAIN_OR_REPORT,
  });
}
