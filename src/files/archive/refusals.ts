import { type FailureCode, ShipError } from '../../errors.ts';

/** Where an archive came from, for the words of an error. */
export type ArchiveOrigin = 'hub' | 'file';

const MAX_SHOWN_CHARACTERS = 120;
const MAX_REASON_CHARACTERS = 300;

/** A name out of an archive, safe to show: quoted, control characters escaped, shortened. */
export function shown(name: string): string {
  const cut = name.length > MAX_SHOWN_CHARACTERS ? `${name.slice(0, MAX_SHOWN_CHARACTERS)}…` : name;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

type EntryCode = Extract<
  FailureCode,
  'BUNDLE_PATH_UNSAFE' | 'BUNDLE_LINK_OUTSIDE' | 'BUNDLE_NAME_COLLISION' | 'BUNDLE_ENTRY_UNSUPPORTED'
>;

const entryAdvice: Record<EntryCode, string> = {
  BUNDLE_PATH_UNSAFE: 'Rename or remove it, then build again.',
  BUNDLE_LINK_OUTSIDE:
    'Make the link relative and keep its target inside the bundle, or replace it by a copy, then build again.',
  BUNDLE_NAME_COLLISION:
    'Rename one of the two so that a case-insensitive disk can hold both, then build again.',
  BUNDLE_ENTRY_UNSUPPORTED:
    'Build the archive of plain files, folders and symbolic links only, then try again.',
};

/** One entry of the archive breaks a rule. */
export const refuseEntry = (code: EntryCode, name: string, reason: string): ShipError =>
  new ShipError(code, {
    summary: `The bundle's archive was refused because of its entry ${shown(name)}.`,
    reason,
    nextStep: entryAdvice[code],
  });

/** The archive goes over a limit. */
export const refuseSize = (reason: string): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: 'The bundle is larger than perry-ship accepts.',
    reason,
    nextStep: 'Leave out of the bundle what the app does not need at run time, then build again.',
  });

/** The notes of a tar about its entries go over a limit. */
export const refuseHeaders = (reason: string): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: "The bundle's archive describes its entries at greater length than perry-ship reads.",
    reason,
    nextStep: 'Pack the bundle without extended attributes (tar --no-xattrs), then try again.',
  });

/** What an archive is, as far as an error wants to tell: who delivered it and how much of it there is. */
export interface ArchiveFacts {
  readonly origin: ArchiveOrigin;
  readonly archiveBytes: number;
}

const corruptSummary = ({ origin, archiveBytes }: ArchiveFacts): string =>
  origin === 'hub'
    ? `The hub delivered a corrupt bundle (${archiveBytes} bytes).`
    : `The archive is corrupt (${archiveBytes} bytes read).`;

const corruptAdvice = (origin: ArchiveOrigin): string =>
  origin === 'hub'
    ? 'Start the build again; if it stays so, tell the operator of the hub.'
    : 'Make the archive again.';

/** The bytes are not what was packed: checksum, structure or length do not hold. */
export const refuseCorrupt = (facts: ArchiveFacts, reason: string, cause?: unknown): ShipError =>
  new ShipError('BUNDLE_CORRUPT', {
    summary: corruptSummary(facts),
    reason: reason.slice(0, MAX_REASON_CHARACTERS),
    nextStep: corruptAdvice(facts.origin),
    ...(cause === undefined ? {} : { cause }),
  });

/** A full disk is the operator's to fix; any other error of the file system stays what it is. */
export function explainDiskError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ShipError('DISK_FULL', {
    summary: 'The disk is full.',
    reason: `Writing the unpacked bundle ended with ${code}.`,
    nextStep: 'Free space on the disk of the state directory, then try again.',
    cause: error,
  });
}
