import type { EntryKind } from './archive-entry.ts';
import type { UnpackLimits } from './limits.ts';
import { refuseEntry } from './refusals.ts';

type PathLimits = Pick<UnpackLimits, 'maxPathBytes' | 'maxNameBytes' | 'maxDepth'>;

const CONTROL_CHARACTERS = /\p{Cc}/u;
/** XML cannot hold them. */
const NO_CHARACTERS = /[\ufffe\uffff]/;
/** What a decoder puts where the bytes were not UTF-8: two different names could become one. */
const REPLACEMENT_CHARACTER = '\ufffd';

/** The file by which the Finder gives a folder an icon of its own has this name, carriage return included. */
const FINDER_ICON = /(?<=^|\/)Icon\r$/;

/**
 * What keeps a text from being named in a seal. rcodesign 0.29.0 makes a slash of a backslash, and writes characters
 * that XML does not allow as they are: such a seal holds for nothing.
 */
export function nameFault(text: string): string | undefined {
  if (text.includes('\\')) return 'It has a backslash, which some programs take for a folder separator.';
  if (CONTROL_CHARACTERS.test(text)) return 'It has a control character.';
  if (NO_CHARACTERS.test(text)) return 'It has a code point that is no character.';
  if (text.includes(REPLACEMENT_CHARACTER)) return 'It is not UTF-8 text.';
  return undefined;
}

/** As `nameFault`, when the Finder's own file is told apart. */
export const fileNameFault = (path: string): string | undefined =>
  nameFault(path.replace(FINDER_ICON, 'Icon'));

/** What is wrong with any text that is to become part of a path on a Mac and on this host, links included. */
export function textFault(text: string): string | undefined {
  const fault = nameFault(text);
  if (fault !== undefined) return fault;
  if (text.startsWith('/')) return 'It is an absolute path.';
  if (/^[A-Za-z]:/.test(text)) return 'It starts with a drive letter.';
  return undefined;
}

function partFault(part: string, limits: PathLimits): string | undefined {
  if (part === '..') return 'It leads to a folder above.';
  if (part === '') return 'It is empty.';
  if (Buffer.byteLength(part) > limits.maxNameBytes)
    return `One part has more than ${limits.maxNameBytes} bytes.`;
  return undefined;
}

/**
 * Judges the name of an entry. Parts that lead nowhere (`./` and `//`, as tar writes what its arguments say: `.`,
 * `X.app/.`, `build//X.app`) and the slash behind a folder are notation; anything else that would have to be corrected
 * is refused.
 *
 * @returns the path below the folder of the archive, `/` between its parts; empty for that folder itself
 * @throws ShipError BUNDLE_PATH_UNSAFE
 */
export function policePath(name: string, kind: EntryKind, limits: PathLimits): string {
  const fault = textFault(kind === 'file' ? name.replace(FINDER_ICON, 'Icon') : name);
  if (fault !== undefined) throw refuseEntry('BUNDLE_PATH_UNSAFE', name, fault);
  const path = withoutNotation(name, kind);
  if (path === '' && kind === 'directory' && name !== '') return '';
  const faultOfPath = pathFault(path, limits);
  if (faultOfPath !== undefined) throw refuseEntry('BUNDLE_PATH_UNSAFE', name, faultOfPath);
  return path;
}

function withoutNotation(name: string, kind: EntryKind): string {
  const parts = name.split('/');
  const last = kind === 'directory' ? '' : parts.pop();
  const leading = parts.filter((part) => part !== '' && part !== '.');
  if (last === '.') return ''; // only a folder can be that
  return kind === 'directory' ? leading.join('/') : [...leading, last].join('/');
}

function pathFault(path: string, limits: PathLimits): string | undefined {
  if (Buffer.byteLength(path) > limits.maxPathBytes) return `It has more than ${limits.maxPathBytes} bytes.`;
  const parts = path.split('/');
  if (parts.length > limits.maxDepth) return `It is more than ${limits.maxDepth} folders deep.`;
  for (const part of parts) {
    const fault = partFault(part, limits);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Two names with the same key are one name on a Mac: APFS in its usual form ignores case and the two ways to
 * write an accent. Broader than APFS' own table (ß = ss), because a refused name costs less than a lost file.
 *
 * @see https://developer.apple.com/library/archive/documentation/FileManagement/Conceptual/APFS_Guide/FAQ/FAQ.html
 */
export function macNameKey(path: string): string {
  if (/^\p{ASCII}*$/u.test(path)) return path.toLowerCase();
  // lower case first: "ẞ" has no other upper case, "ß" has, and both are "ss"
  return path.normalize('NFD').toLowerCase().toUpperCase().toLowerCase().normalize('NFD');
}
