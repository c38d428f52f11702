import { withoutTrailing } from '../text.ts';

const MAX_SLUG_CHARACTERS = 100;
/** The hub keeps this ending for what comes from a compiling worker. */
const RESERVED_ENDING = '-precompiled';

/**
 * A file-safe ASCII form of a name: `[A-Za-z0-9._-]`, never empty, never starting with a dot or a dash.
 * Accents are taken off (`Café` is `Cafe`), everything else becomes `_`.
 */
export function slug(name: string, whenEmpty: string): string {
  const ascii = name
    .slice(0, 10 * MAX_SLUG_CHARACTERS) // to order the accents on a letter takes time with the square of their number
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .slice(0, MAX_SLUG_CHARACTERS)
    .replace(/^[._-]+/, '');
  return withoutReservedEnding(withoutTrailing(ascii, '._')) || whenEmpty;
}

function withoutReservedEnding(name: string): string {
  let rest = name;
  while (rest.toLowerCase().endsWith(RESERVED_ENDING)) rest = rest.slice(0, -RESERVED_ENDING.length);
  return rest;
}
