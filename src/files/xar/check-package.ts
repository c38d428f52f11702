import { ShipError } from '../../errors.ts';
import { isAllZero } from '../../formats/code-signature/bytes.ts';
import type { CmsFacts } from '../../formats/code-signature/cms.ts';
import type { Finding } from '../../formats/code-signature/problem.ts';
import { childOf, childrenOf, type XmlElement } from '../../formats/xml/tree.ts';
import { type SignedFile, withSignedFile } from '../code-signature/signed-file.ts';
import { corrupt, DIGESTS, digestOfTable, readXar, readXmlFile, type XarArchive } from './archive.ts';
import { HeapDigests } from './heap-digests.ts';
import { signatureReport } from './signature.ts';
import type { XarFile } from './table.ts';
import { endOfTicket } from './ticket.ts';

/** One part of a package that has an identifier of its own. */
export interface PackagePart {
  readonly identifier: string;
  readonly version: string;
}

/** A bundle that a package installs, as its description says. */
export interface PackagedBundle {
  readonly path: string;
  readonly bundleId: string;
  readonly shortVersion: string;
  readonly version: string;
}

export interface PackageReport {
  /** Names of its files and folders, as they are in the archive. */
  readonly paths: readonly string[];
  readonly parts: readonly PackagePart[];
  readonly bundles: readonly PackagedBundle[];
  readonly title?: string;
  /** Hex digest of the table of contents: what notarization tickets know a package by. */
  readonly tableDigest?: string;
  readonly checksum: string;
  readonly cms?: CmsFacts;
  readonly hasStapledTicket: boolean;
  readonly findings: readonly Finding[];
}

export interface PackageOptions {
  readonly signal: AbortSignal;
}

/**
 * Reads a flat installer package and checks what seals it: the checksum of its table of contents, the signatures over
 * that checksum, the checksum of every file, and that no other byte lies in it. Payloads are not unpacked.
 *
 * @throws ShipError PACKAGE_CORRUPT · SIGNED_FILE_UNREADABLE · the signal's reason when aborted
 */
export const checkPackage = (path: string, { signal }: PackageOptions): Promise<PackageReport> =>
  withSignedFile(path, async (file) => {
    const archive = await readXar(file);
    const tableDigest = digestOfTable(archive);
    const signed = await signatureReport(archive, tableDigest);
    const { checksum, files } = archive.table;
    const ticketEnd = await endOfTicket(file);
    const findings = [
      ...(await tableFindings(archive, tableDigest)),
      ...signed.findings,
      ...(await fileFindings(archive, signal)),
      ...(await gapFindings(archive, ticketEnd)),
    ];
    return {
      paths: files.map((entry) => entry.path),
      ...(await whatIsInside(archive)),
      ...(tableDigest && { tableDigest: tableDigest.toString('hex') }),
      checksum: checksum?.algorithm ?? 'none',
      ...(signed.cms && { cms: signed.cms }),
      hasStapledTicket: ticketEnd !== undefined,
      findings,
    };
  });

const finding = (code: string, path: string, message: string): Finding =>
  ({ code, path, message }) as Finding;

async function tableFindings(archive: XarArchive, digest: Buffer | undefined): Promise<Finding[]> {
  const { checksum } = archive.table;
  if (!checksum || !digest) return [finding('TABLE_UNSEALED', '', 'The table of contents has no checksum.')];
  if (archive.headerChecksum !== checksum.algorithm)
    return [
      finding('TABLE_CHANGED', '', 'The header names another kind of checksum than the table of contents.'),
    ];
  if (checksum.sizeBytes !== digest.length) return [changedTable()];
  const at = archive.heapStart + checksum.offset;
  const stored =
    at + digest.length <= archive.file.sizeBytes ? await archive.file.read(at, digest.length) : undefined;
  return stored?.equals(digest) ? [] : [changedTable()];
}

const changedTable = (): Finding =>
  finding('TABLE_CHANGED', '', 'The table of contents is not the one that its checksum was made for.');

async function fileFindings({ file, heapStart, table }: XarArchive, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const digests = new HeapDigests(file, heapStart, signal);
  for (const { path, data } of table.files) {
    if (!data || data.sizeBytes === 0) continue;
    const { archivedDigest } = data;
    if (!archivedDigest || !DIGESTS.includes(archivedDigest.algorithm))
      findings.push(finding('FILE_UNSEALED', path, 'The package has no checksum of this file.'));
    else if ((await digests.of(data, archivedDigest.algorithm)) !== archivedDigest.hex)
      findings.push(finding('FILE_CHANGED', path, 'The file is not the one that was packed.'));
  }
  return findings;
}

const MAX_GAP_BYTES = 1024 * 1024;

/** Every byte of the heap belongs to something that is sealed; files with the same content may share theirs. */
async function gapFindings({ file, heapStart, table }: XarArchive, ticketEnd?: number): Promise<Finding[]> {
  const parts = [
    ...(table.checksum ? [table.checksum] : []),
    ...table.signatures,
    ...table.files.flatMap(({ data }) => (data ? [data] : [])),
  ].sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { offset, sizeBytes } of [
    ...parts,
    { offset: (ticketEnd ?? file.sizeBytes) - heapStart, sizeBytes: 0 },
  ]) {
    if (offset > end && !(await isPadding(file, heapStart + end, offset - end)))
      return [
        finding('FILE_UNSEALED', '', `There are ${offset - end} bytes in the package that nothing seals.`),
      ];
    end = Math.max(end, offset + sizeBytes);
  }
  return [];
}

const isPadding = async (file: SignedFile, start: number, length: number): Promise<boolean> =>
  length <= MAX_GAP_BYTES && start + length <= file.sizeBytes && isAllZero(await file.read(start, length));

/** A product has a Distribution, each component in it (or a component alone) a PackageInfo. */
async function whatIsInside(
  archive: XarArchive,
): Promise<Pick<PackageReport, 'parts' | 'bundles' | 'title'>> {
  const parts: PackagePart[] = [];
  const bundles: PackagedBundle[] = [];
  let title: string | undefined;
  for (const file of knownFiles(archive)) {
    const root = await readKnown(archive, file);
    if (root?.name === 'pkg-info') {
      parts.push(partOf(root, 'identifier'));
      bundles.push(...childrenOf(root, 'bundle').map(bundleOf));
    }
    if (root?.name !== 'installer-gui-script' && root?.name !== 'installer-script') continue;
    title = childOf(root, 'title')?.text || title;
    parts.push(...childrenOf(root, 'product').map((product) => partOf(product, 'id')));
  }
  return { parts, bundles, ...(title !== undefined && { title }) };
}

/** A product has one component or a few; its texts have some kilobytes. */
const MAX_KNOWN = 64;
const MAX_KNOWN_BYTES = 8 * 1024 * 1024;

/** @throws ShipError PACKAGE_CORRUPT when all of them together are more than is read */
function knownFiles({ table }: XarArchive): XarFile[] {
  const known = table.files.filter(({ path }) => /(^|\/)(Distribution|PackageInfo)$/.test(path));
  const bytes = known.reduce((sum, { data }) => sum + (data?.unpackedBytes ?? 0), 0);
  if (known.length > MAX_KNOWN || bytes > MAX_KNOWN_BYTES)
    throw corrupt(`its ${known.length} descriptions of what is in it have ${bytes} bytes`);
  return known;
}

function readKnown(archive: XarArchive, file: XarFile): Promise<XmlElement | undefined> {
  return readXmlFile(archive, file).catch((error: unknown) => {
    if (error instanceof ShipError && error.code === corrupt('').code) return undefined;
    throw error;
  });
}

const partOf = ({ attributes }: XmlElement, idName: string): PackagePart => ({
  identifier: attributes.get(idName) ?? '',
  version: attributes.get('version') ?? '',
});

const bundleOf = ({ attributes }: XmlElement): PackagedBundle => ({
  path: attributes.get('path') ?? '',
  bundleId: attributes.get('id') ?? attributes.get('CFBundleIdentifier') ?? '',
  shortVersion: attributes.get('CFBundleShortVersionString') ?? '',
  version: attributes.get('CFBundleVersion') ?? '',
});
