/** What a terminal takes for an order, or turns a line around with, or shows as nothing. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * What a command answers a program, which may also be a person at a terminal: control and format characters, of which
 * `JSON.stringify` escapes the oldest alone, are written as `\u` escapes. They stand in strings alone, so the value is the same.
 *
 * @param indent - 0 for one line
 */
export const jsonText = (answer: unknown, indent: 0 | 2 = 2): string =>
  JSON.stringify(answer, null, indent).replace(UNSEEN, (character) =>
    character === '\n' ? character : escaped(character),
  );

/** Of two units, when it lies beyond the first 65,536 characters. */
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');

export const printJson = (answer: unknown): void => void process.stdout.write(`${jsonText(answer)}\n`);
