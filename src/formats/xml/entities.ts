const named = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const MAX_NAME_CHARACTERS = 12;
/** Pieces that are joined at a time: a text may be nothing but entities, and each piece in an array takes memory. */
const PIECES_AT_ONCE = 4096;

/**
 * Decodes XML's five entities and characters by their number; half of a surrogate pair is no character.
 *
 * @param refuse - makes the error of any other entity
 */
export function decodeEntities(text: string, refuse: (reason: string) => Error): string {
  let done = '';
  let pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at);
    const decoded = end < 0 ? undefined : entity(text.slice(at + 1, end));
    if (decoded === undefined) throw refuse(`${quotedStart(text, at)} is not an entity of XML`);
    pieces.push(text.slice(from, at), decoded);
    from = end + 1;
    if (pieces.length < PIECES_AT_ONCE) continue;
    done += pieces.join('');
    pieces = [];
  }
  return from === 0 ? text : done + pieces.join('') + text.slice(from);
}

const entity = (name: string): string | undefined =>
  name.length > MAX_NAME_CHARACTERS ? undefined : (named.get(name) ?? fromCodePoint(name));

/** The part of a text that cannot be decoded, as far as an entity could reach. */
const quotedStart = (text: string, at: number): string =>
  JSON.stringify(/^&[^;&]{0,12};?/.exec(text.slice(at, at + MAX_NAME_CHARACTERS + 2))?.[0]);

function fromCodePoint(name: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? [];
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
