const named = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * Decodes XML's five entities and characters by their number; half of a surrogate pair is no character.
 *
 * @param refuse - makes the error of any other entity
 */
export function decodeEntities(text: string, refuse: (reason: string) => Error): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12});?/g, (whole, body: string) => {
    const decoded = whole.endsWith(';') ? (named.get(body) ?? fromCodePoint(body)) : undefined;
    if (decoded === undefined) throw refuse(`${JSON.stringify(whole)} is not an entity of XML`);
    return decoded;
  });
}

function fromCodePoint(body: string): string | undefined {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(body) ?? [];
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
