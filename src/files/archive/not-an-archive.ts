import { ShipError } from '../../errors.ts';
import { hasMachOMagic } from '../../formats/macho/index.ts';
import type { ArchiveFacts } from './refusals.ts';

/** Marks of what is sent by mistake instead of a tar.gz or a zip, and what it is. */
const MARKS: readonly (readonly [hex: string, what: string])[] = [
  ['fd377a58', 'an archive compressed with xz'],
  ['425a68', 'an archive compressed with bzip2'],
  ['28b52ffd', 'an archive compressed with zstd'],
  ['377abcaf', 'a 7-Zip archive'],
  ['78617221', 'an installer package (.pkg)'],
  ['62706c69', 'a property list'],
  ['3c', 'a text such as XML or a web page'],
  ['7b', 'a text such as JSON'],
  ['2321', 'a script'],
];

/**
 * The first bytes are those of no archive that a bundle comes in.
 *
 * @param firstBytes - four, or all there are
 */
export function refuseFormat(facts: ArchiveFacts, firstBytes: Buffer): ShipError {
  const isEmpty = facts.archiveBytes === 0;
  return new ShipError('BUNDLE_NOT_ARCHIVE', {
    summary: isEmpty ? emptySummary(facts) : summaryOf(facts),
    reason: isEmpty ? 'It has no bytes at all.' : reasonOf(firstBytes),
    nextStep: isEmpty ? emptyAdvice(facts) : adviceOf(facts),
  });
}

const summaryOf = ({ origin, archiveBytes }: ArchiveFacts): string =>
  origin === 'hub'
    ? `What the hub delivered as the bundle is no archive (${archiveBytes} bytes).`
    : `The file is no archive that holds an app (${archiveBytes} bytes).`;

const emptySummary = ({ origin }: ArchiveFacts): string =>
  origin === 'hub' ? 'The hub delivered an empty bundle.' : 'The file is empty.';

function reasonOf(firstBytes: Buffer): string {
  const what = kindOfFile(firstBytes);
  const needed = 'a gzip (1f8b) or a zip (504b) is needed';
  return what === undefined
    ? `It starts with the bytes ${firstBytes.toString('hex')}; ${needed}.`
    : `It is ${what}; ${needed}.`;
}

function kindOfFile(firstBytes: Buffer): string | undefined {
  if (hasMachOMagic(firstBytes)) return 'a program (Mach-O), not the app around it';
  const hex = firstBytes.toString('hex');
  return MARKS.find(([mark]) => hex.startsWith(mark))?.[1];
}

const emptyAdvice = ({ origin }: ArchiveFacts): string =>
  origin === 'hub'
    ? 'Look whether the build packed an app, and start it again; if it stays so, tell the operator of the hub.'
    : 'Make the archive again, and look whether its disk is full.';

const adviceOf = ({ origin }: ArchiveFacts): string =>
  origin === 'hub'
    ? 'Let the build pack the whole <name>.app folder as .tar.gz or .zip, and start it again; if it does, tell the operator of the hub.'
    : 'Name the <name>.app folder itself, or pack that folder as .tar.gz, .zip or .ipa.';
