import { ShipError } from '../../errors.ts';
import { foldName } from './case-fold.ts';

/** A catalog key has room for this many UTF-16 units. */
export const MAX_NAME_UNITS = 255;
/** Longer volume names are cut by Finder and refused by some versions of hdiutil. */
const MAX_VOLUME_NAME_UNITS = 27;
const FALLBACK_VOLUME_NAME = 'Application';

const UNPAIRED_SURROGATE = /\p{Cs}/u;
/** Apple's decomposition leaves these alone, Unicode's does not. */
const KEPT_COMPOSED = /([\u2000-\u2fff\uf900-\ufaff\u{2f800}-\u{2faff}]+)/u;

/** As names stand on an HFS+ volume: decomposed the way Apple does it. */
export const decompose = (name: string): string =>
  name
    .split(KEPT_COMPOSED)
    .map((part, index) => (index % 2 === 1 ? part : part.normalize('NFD')))
    .join('');

/**
 * The name of one item as it is stored: decomposed, with the `:` of Unix as `/` (macOS turns it back).
 *
 * @param path - where the item is, for the error text
 * @throws ShipError DMG_NAME_UNSUPPORTED
 */
export function diskName(name: string, path: string): string {
  if (UNPAIRED_SURROGATE.test(name)) {
    throw unsupported(path, 'It has half of a surrogate pair, which is no character.');
  }
  if (name === '' || name === '.' || name === '..' || name.includes('\0') || name.includes('/')) {
    throw unsupported(path, 'A name must not be empty, "." or "..", and must not hold "/" or NUL.');
  }
  const stored = decompose(name).replaceAll(':', '/');
  if (foldName(stored) === '')
    throw unsupported(path, 'It has nothing but characters that are not compared.');
  if (stored.length > MAX_NAME_UNITS) {
    throw unsupported(path, `It has ${stored.length} UTF-16 units when decomposed; ${MAX_NAME_UNITS} fit.`);
  }
  return stored;
}

/** A volume name that Finder shows whole: at most 27 UTF-16 units, no `/`, `:` or control characters. */
export function cleanVolumeName(wanted: string): string {
  const spaced = wanted.replace(/[\p{Cc}\p{Cs}/:]+/gu, ' ').replace(/\s+/g, ' ');
  const visible = decompose(spaced.trim().replace(/^\.+/, '').trim());
  return cutAtCharacter(visible, MAX_VOLUME_NAME_UNITS).trim() || FALLBACK_VOLUME_NAME;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function cutAtCharacter(text: string, maxUnits: number): string {
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (kept.length + segment.length > maxUnits) break;
    kept += segment;
  }
  return kept;
}

const unsupported = (path: string, reason: string): ShipError =>
  new ShipError('DMG_NAME_UNSUPPORTED', {
    summary: `The name of ${JSON.stringify(path)} cannot be stored on a disk image.`,
    reason,
    nextStep: 'Rename this file in the bundle and try again.',
  });
