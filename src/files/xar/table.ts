import { childOf, childrenOf, type XmlElement } from '../../formats/xml/tree.ts';

/** A range of the heap, which begins behind the table of contents. */
export interface HeapRange {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface XarSignature extends HeapRange {
  /** `RSA` signs the checksum of the table directly, `CMS` in an envelope that can carry a time stamp. */
  readonly style: string;
  /** DER, the signer's first. */
  readonly certificates: readonly Buffer[];
}

export interface XarFile {
  /** Full path in the archive. */
  readonly path: string;
  readonly type: string;
  /** Absent for folders. */
  readonly data?: HeapRange & {
    /** Of the bytes as they lie in the archive. */
    readonly archivedDigest?: { readonly algorithm: string; readonly hex: string };
    readonly unpackedBytes: number;
    /** e.g. `application/x-gzip`, which is zlib here, or `application/octet-stream`. */
    readonly encoding: string;
  };
}

/** What the table of contents of a xar archive says, not checked against the heap yet. */
export interface XarTable {
  readonly checksum?: HeapRange & { readonly algorithm: string };
  readonly signatures: readonly XarSignature[];
  readonly files: readonly XarFile[];
}

/** Why a table was refused, in a few words. */
export class TableFault extends Error {}

const MAX_DEPTH = 48;
const MAX_CERTIFICATES = 16;
/** One of each kind. */
const MAX_SIGNATURES = 4;
/** PATH_MAX of macOS: every file below a folder repeats its path. */
const MAX_PATH_CHARACTERS = 1024;
/** A 64-bit-exact range of any real archive. */
const MAX_NUMBER = 2 ** 48;

export function readTable(root: XmlElement): XarTable {
  const toc = childOf(root, 'toc');
  if (root.name !== 'xar' || !toc) throw new TableFault('it has no <toc>');
  const checksum = childOf(toc, 'checksum');
  const signatures = [...childrenOf(toc, 'signature'), ...childrenOf(toc, 'x-signature')];
  if (signatures.length > MAX_SIGNATURES)
    throw new TableFault(`it has ${signatures.length} signatures, more than ${MAX_SIGNATURES}`);
  return {
    ...(checksum && {
      checksum: { ...rangeIn(checksum, 'size'), algorithm: styleOf(checksum).toLowerCase() },
    }),
    signatures: signatures.map(readSignature),
    files: childrenOf(toc, 'file').flatMap((file) => readFile(file, '', 0)),
  };
}

function readSignature(element: XmlElement): XarSignature {
  const holders = childrenOf(childOf(element, 'KeyInfo'), 'X509Data');
  const certificates = holders.flatMap((holder) => childrenOf(holder, 'X509Certificate'));
  if (certificates.length > MAX_CERTIFICATES) throw new TableFault('a signature has too many certificates');
  return {
    ...rangeIn(element, 'size'),
    style: styleOf(element).toUpperCase(),
    certificates: certificates.map(({ text }) => Buffer.from(text.replaceAll(/\s/g, ''), 'base64')),
  };
}

function readFile(element: XmlElement, folder: string, depth: number): XarFile[] {
  if (depth > MAX_DEPTH) throw new TableFault('its folders are nested too deep');
  const name = childOf(element, 'name')?.text ?? '';
  if (name === '' || name.includes('/') || name.includes('\0') || name === '..')
    throw new TableFault('one of its files has no usable name');
  const path = folder === '' ? name : `${folder}/${name}`;
  if (path.length > MAX_PATH_CHARACTERS)
    throw new TableFault(`a path in it has more than ${MAX_PATH_CHARACTERS} characters`);
  const data = childOf(element, 'data');
  const type = childOf(element, 'type')?.text ?? 'file';
  const file: XarFile = { path, type, ...(data && { data: readData(data) }) };
  return [file, ...childrenOf(element, 'file').flatMap((inner) => readFile(inner, path, depth + 1))];
}

function readData(data: XmlElement) {
  const checksum = childOf(data, 'archived-checksum');
  return {
    ...rangeIn(data, 'length'),
    ...(checksum && {
      archivedDigest: { algorithm: styleOf(checksum).toLowerCase(), hex: checksum.text.toLowerCase() },
    }),
    unpackedBytes: numberIn(data, 'size'),
    encoding: childOf(data, 'encoding')?.attributes.get('style') ?? 'application/octet-stream',
  };
}

const styleOf = (element: XmlElement): string => element.attributes.get('style') ?? '';

const rangeIn = (element: XmlElement, sizeName: string): HeapRange => ({
  offset: numberIn(element, 'offset'),
  sizeBytes: numberIn(element, sizeName),
});

function numberIn(element: XmlElement, name: string): number {
  const text = childOf(element, name)?.text ?? '';
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= MAX_NUMBER)) throw new TableFault(`<${element.name}> has no usable <${name}>`);
  return value;
}
