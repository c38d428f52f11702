import { constants } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import type { Artifact } from '../../../machines/contracts/job.ts';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import type { StapleTarget } from '../../../machines/notarization/ports.ts';
import { lookupTicket } from '../../adapters/apple/tickets.ts';
import { ShipError } from '../../errors.ts';
import { checkSignature } from '../../files/code-signature/index.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import {
  codeRecordName,
  imageRecordName,
  packageRecordName,
  stapleApp,
  stapleImage,
  staplePackage,
} from '../../files/stapling/index.ts';
import { checkPackage } from '../../files/xar/check-package.ts';
import { looksLikeTicket } from '../../formats/code-signature/ticket.ts';
import { artifactNamed } from '../run-results.ts';
import { appOf, type NotaryCall, type NotaryScope, notarySessionOf } from './notary-session.ts';

type StapleInput = NotaryCall & { readonly target: StapleTarget };

/** The ticket is looked up by what is on the disk now: if that is not what Apple saw, there is none. */
export async function fetchTicket(scope: NotaryScope, { target, artifact }: StapleInput): Promise<void> {
  const { services, results, signal } = scope;
  const recordName =
    target === 'app'
      ? await codeRecordName(appOf(results).executablePath)
      : await nameOfTicket(artifactNamed(results, artifact.name).path);
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
  const [isOfPackage, stapledPath] = [isPackage(path), `${path}.stapled`];
  // what is kept for a restart may be the same file by another name
  await copyFile(path, stapledPath, constants.COPYFILE_FICLONE);
  await (isOfPackage ? staplePackage : stapleImage)(stapledPath, ticket);
  const { finding, isStapled } = await (isOfPackage ? packageNow : imageNow)(stapledPath, signal);
  if (finding !== undefined || !isStapled) throw notSound(isOfPackage, finding);
  await rename(stapledPath, path);
  const stapled = { name, ...(await digestOfFile(path, signal)) };
  results.artifacts.set(name, { ...stapled, path, stapled: true });
  return stapled;
}

const isPackage = (path: string): boolean => path.endsWith('.pkg');

const nameOfTicket = (path: string): Promise<string> =>
  isPackage(path) ? packageRecordName(path) : imageRecordName(path);

/** The artifact as it is read back. */
interface ReadBack {
  readonly finding: string | undefined;
  readonly isStapled: boolean;
}

async function imageNow(path: string, signal: AbortSignal): Promise<ReadBack> {
  const { signatures, findings } = await checkSignature(path, { signal });
  return { finding: findings[0]?.message, isStapled: signatures[0]?.hasStapledTicket ?? false };
}

async function packageNow(path: string, signal: AbortSignal): Promise<ReadBack> {
  const { findings, hasStapledTicket } = await checkPackage(path, { signal });
  return { finding: findings[0]?.message, isStapled: hasStapledTicket };
}

/** Stapling must not have touched anything that is signed. */
const notSound = (isOfPackage: boolean, finding: string | undefined): ShipError =>
  new ShipError('STAPLE_FAILED', {
    summary: `The ${isOfPackage ? 'installer package' : 'disk image'} does not hold any more after the notarization ticket was attached.`,
    reason: finding ?? `The ticket is not ${isOfPackage ? 'at its end' : 'in its signature'}.`,
    nextStep: TRY_AGAIN_OR_REPORT,
  });
