const MAX_SLUG_CHARACTERS = 100;
/** The hub keeps this ending for what comes from a compiling worker. */
const RESERVED_ENDING = /(-precompiled)+$/i;

/**
 * A file-safe ASCII form of a name: `[A-Za-z0-9._-]`, never empty, never starting with a dot or a dash.
 * Accents are taken off (`Café` is `Cafe`), everything else becomes `_`.
 */
export function slug(name: string, whenEmpty: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .slice(0, MAX_SLUG_CHARACTERS)
    .replace(/^[._-]+|[._]+$/g, '')
    .replace(RESERVED_ENDING, '');
  return ascii === '' ? whenEmpty : ascii;
}
