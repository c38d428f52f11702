import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { TakenFile } from '../../../machines/lone-file/machine.ts';
import { parseAfterUpload } from '../../domain/manifest/index.ts';
import { slug } from '../../domain/slug.ts';
import { ShipError } from '../../errors.ts';
import { bundleLayout } from '../../files/code-signature/bundle-layout.ts';
import { BundleTree } from '../../files/code-signature/bundle-tree.ts';
import { digestOfFile } from '../../files/disk/digested-file.ts';
import { kindOf } from '../../verify/kind.ts';
import type { ArtifactKind, ArtifactReport } from '../../verify/report.ts';
import { verifyArtifact } from '../../verify/verify-artifact.ts';
import type { FileSetup, FileTask } from '../channel/run-setup.ts';
import type { FinishedBuild, RunResults } from '../run-results.ts';
import type { RunServices } from '../services.ts';
import { buildKeyOf } from './earlier-upload.ts';

export interface FileScope {
  readonly setup: FileSetup;
  readonly services: Pick<RunServices, 'journal'>;
  readonly results: RunResults;
  readonly signal: AbortSignal;
}

/** What each task works on. */
const KINDS: Readonly<Record<FileTask, readonly ArtifactKind[]>> = {
  notarize: ['dmg', 'pkg', 'zip'],
  staple: ['dmg', 'pkg', 'app'],
  publish: ['ipa', 'pkg'],
};

/**
 * Takes a private copy of the file, looks at every seal in it, and finds out what Apple has to be told. An app stays
 * where it is: nothing but a ticket is added to it.
 *
 * @throws ShipError FILE_KIND_WRONG · FILE_DAMAGED · BUNDLE_INFO_PLIST_INCOMPLETE · MANIFEST_INVALID
 */
export async function takeFile(scope: FileScope): Promise<TakenFile> {
  const { setup, services, results } = scope;
  const isPublished = setup.file.task === 'publish';
  const afterUpload = isPublished ? parseAfterUpload(setup.file.afterUpload) : undefined;
  const { report, artifact } = await taken(scope);
  requireSound(report);
  if (isPublished) refuseForElsewhere(report);
  if (isPublished) results.finished = { ...finishedBuild(report), ...(afterUpload && { afterUpload }) };
  const begun = isPublished ? await services.journal.findUpload(buildKeyOf(results, artifact)) : undefined;
  return {
    artifact,
    platform: report.apps[0]?.platform ?? 'macos',
    ...ticketsOf(report),
    isStapled: isStapled(report),
    isInPlace: setup.file.place.wanted === setup.file.path,
    uploadId: begun?.uploadId ?? null,
    afterUpload: afterUpload
      ? { hasNotes: Object.keys(afterUpload.notes).length > 0, hasGroups: afterUpload.groups.length > 0 }
      : null,
  };
}

interface Taken {
  readonly report: ArtifactReport;
  readonly artifact: TakenFile['artifact'];
}

async function taken({ setup, results, signal }: FileScope): Promise<Taken> {
  const { path, task } = setup.file;
  if ((await knownKind(path, task)) === 'app') {
    requireKind('app', task, path);
    return takenApp(path, results, signal);
  }
  const copy = join(results.dir, ownNameOf(path));
  await copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const report = await verifyArtifact(copy, { signal });
  requireKind(report.kind, task, path);
  const artifact = { name: basename(copy), ...(await digestOfFile(copy, signal)) };
  results.artifacts.set(artifact.name, { ...artifact, path: copy });
  return { report, artifact };
}

/** What nobody knows is told by what this command takes. */
const knownKind = (path: string, task: FileTask): Promise<ArtifactKind> =>
  kindOf(path).catch((error: unknown) => {
    throw error instanceof ShipError && error.code === 'ARTIFACT_UNKNOWN'
      ? kindWrong(error.failure.reason, task)
      : error;
  });

/** The ticket of an app is that of its main program. */
async function takenApp(appPath: string, results: RunResults, signal: AbortSignal): Promise<Taken> {
  const layout = await bundleLayout(await BundleTree.read(appPath), '');
  if (layout?.contentRoot !== 'Contents') throw kindWrong('Only apps for macOS are notarized.', 'staple');
  const report = await verifyArtifact(appPath, { signal });
  const executablePath = join(appPath, layout.executable);
  results.finishedApp = { appPath, executablePath };
  return { report, artifact: { name: basename(appPath), ...(await digestOfFile(executablePath, signal)) } };
}

/** In letters that Apple's services take; the ending says what it is. */
function ownNameOf(path: string): string {
  const ending = extname(path);
  return `${slug(basename(path, ending), 'file')}${ending.toLowerCase()}`;
}

const NAMED: Readonly<Record<FileTask, string>> = {
  notarize: 'a disk image, an installer package, or a zip with an app',
  staple: 'a disk image, an installer package, or an app',
  publish: 'an .ipa, or an installer package for the Mac App Store',
};

function requireKind(kind: ArtifactKind, task: FileTask, path: string): void {
  if (!KINDS[task].includes(kind)) throw kindWrong(`It is of the kind ${kind}.`, task);
  const ending = extname(path).toLowerCase();
  if (kind !== 'app' && ending !== `.${kind}`)
    throw kindWrong(`It is of the kind ${kind}, and its name ends in "${ending}".`, task);
}

const kindWrong = (reason: string, task: FileTask): ShipError =>
  new ShipError('FILE_KIND_WRONG', {
    summary: 'The command does not work on such a file.',
    reason,
    nextStep: `Name ${NAMED[task]}.`,
  });

/** A container of something else than an app is looked into by Apple alone. */
const NO_APP = 'APP_MISSING';

/** What does not hold here, Apple refuses, after everything has been sent. */
function requireSound({ findings, name, kind }: ArtifactReport): void {
  const [first, ...more] = findings.filter(({ code }) => kind === 'ipa' || code !== NO_APP);
  if (!first) return;
  const others = more.length === 0 ? '' : ` ${more.length} more of the kind were found.`;
  throw new ShipError('FILE_DAMAGED', {
    summary: `What seals ${JSON.stringify(name)} does not hold.`,
    reason: `${[first.path, first.message].filter(Boolean).join(': ')}${others}`,
    nextStep: 'Sign it again; `perry-ship verify` shows all that is wrong with it.',
  });
}

/** The store refuses such a package (ITMS-90237), after everything has been sent. */
function refuseForElsewhere({ kind, package: summary }: ArtifactReport): void {
  const signer = summary?.signer?.name;
  if (kind !== 'pkg' || signer?.startsWith('Developer ID ') === false) return;
  throw kindWrong(
    signer === undefined
      ? 'The package is not signed.'
      : `The package is signed by ${JSON.stringify(signer)}, for distribution outside of the store.`,
    'publish',
  );
}

/** What is stapled to the file itself; an app in a zip may have been signed again since it got its ticket. */
const isStapled = ({ stapledTicket, kind }: ArtifactReport): boolean =>
  (kind === 'dmg' || kind === 'pkg') && stapledTicket === true;

/** An image can carry a ticket in its signature alone. */
function ticketsOf({ kind, signatures, name }: ArtifactReport): Pick<TakenFile, 'staples' | 'remarks'> {
  if (kind === 'app') return { staples: ['app'], remarks: [] };
  if (kind === 'pkg') return { staples: ['image'], remarks: [] };
  if (kind === 'zip') return { staples: [], remarks: [NO_TICKET_IN_ZIP] };
  if (kind === 'dmg' && signatures.length === 0)
    return { staples: [], remarks: [`${JSON.stringify(name)} is not signed, and so cannot carry a ticket.`] };
  return { staples: kind === 'dmg' ? ['image'] : [], remarks: [] };
}

const NO_TICKET_IN_ZIP = 'A zip cannot carry a ticket; `perry-ship staple` attaches it to the app.';

/** As Apple compares it with. */
function finishedBuild(report: ArtifactReport): FinishedBuild {
  const { apps, kind } = report;
  const app = kind === 'pkg' ? report.package?.bundles[0] : apps[0];
  const { bundleId, shortVersion, version } = app ?? {};
  if (!bundleId || !shortVersion || !version) throw unnamed(kind);
  const encryption = apps[0]?.usesNonExemptEncryption;
  return {
    build: { bundleId, shortVersion, version, platform: kind === 'pkg' ? 'MAC_OS' : 'IOS' },
    ...(encryption !== undefined && { usesNonExemptEncryption: encryption }),
  };
}

const unnamed = (kind: ArtifactKind): ShipError =>
  new ShipError('BUNDLE_INFO_PLIST_INCOMPLETE', {
    summary: 'The file cannot be published without an identifier, a version and a build number.',
    reason:
      kind === 'pkg'
        ? 'The description of the package names no app with all three.'
        : 'The Info.plist of its app lacks one of the three.',
    nextStep: 'Set CFBundleIdentifier, CFBundleShortVersionString and CFBundleVersion, and sign again.',
  });
