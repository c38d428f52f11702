import type { ArchivedCode, ArchivedCodeLack } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

const LINKED = ['execute', 'dylib', 'bundle'];
const OF_MAC = ['macos', 'maccatalyst', 'driverkit'];

/**
 * Apple's notary service unpacks zips of every name, tars and what is compressed with gzip, and refuses an app for
 * each binary in there that is not signed: "The binary is not signed." Signing seals archives as they are.
 */
export function archivedCodeFindings({ survey: { archivedCode }, toNotary }: Context): Finding[] {
  if (!archivedCode || !toNotary) return [];
  const ofMac = archivedCode.code.filter(isOfMac);
  const lacking = (lack: ArchivedCodeLack) =>
    ofMac.filter(({ lacks }) => lacks.includes(lack)).map(({ path }) => path);
  return [
    ...refused(lacking('signature')),
    ...incomplete('a secure time stamp', lacking('time stamp')),
    ...incomplete('the hardened runtime', lacking('hardened runtime')),
    ...unread(archivedCode.unread),
  ];
}

/** What does not say what it was built for is an old program of macOS. */
const isOfMac = ({ slices }: ArchivedCode): boolean =>
  slices.some(
    ({ fileType, builds }) =>
      LINKED.includes(fileType) &&
      (builds.length === 0 || builds.some(({ platform }) => OF_MAC.includes(platform))),
  );

function refused(paths: readonly string[]): Finding[] {
  if (paths.length === 0) return [];
  return [
    finding('ARCHIVED_CODE_UNSIGNED', 'error', {
      summary: `Apple does not notarize unsigned code in archives: ${listed(paths, shown)}.`,
      reason:
        'It has no signature, or one without a certificate; signing an app leaves its archives as they are.',
      nextStep:
        'Sign it with Developer ID, hardened runtime and time stamp before it is packed, or take it out of the archive.',
    }),
  ];
}

function incomplete(what: string, paths: readonly string[]): Finding[] {
  if (paths.length === 0) return [];
  return [
    finding('ARCHIVED_CODE_UNSIGNED', 'error', {
      summary: `Apple does not notarize code in archives that was signed without ${what}: ${listed(paths, shown)}.`,
      reason: 'Signing an app leaves its archives as they are, so that this signature stays.',
      nextStep: `Sign it with Developer ID and ${what} before it is packed, or take it out of the archive.`,
    }),
  ];
}

function unread(paths: readonly string[]): Finding[] {
  if (paths.length === 0) return [];
  return [
    finding('BUNDLE_REMARK', 'warning', {
      summary: `Not everything in these archives was looked at: ${listed(paths, shown)}.`,
      reason: 'They are encrypted or damaged, or hold more than is read.',
      nextStep: 'Make sure that they hold no unsigned code of macOS.',
    }),
  ];
}
