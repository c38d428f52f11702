/** Anything shorter is no secret: whoever sees that it is hidden has guessed it. */
const MIN_CHARACTERS = 4;
/** Shorter ones are found as whole words only, because they are parts of ordinary ones. */
const MIN_ANYWHERE_CHARACTERS = 6;
/** Longer ones are keys and files. */
const MAX_TEXT_CHARACTERS = 1_024;
/** A file is printed from its beginning, if ever. */
const MAX_FILE_CHARACTERS = 4 * 1024;
/** Of all forms of all secrets of a job. Real ones have 50 Ki at most; beyond that, encoded forms are left out. */
const MAX_FORMS_CHARACTERS = 128 * 1024;
/** As `openssl` and PEM break lines. */
const PIECE_CHARACTERS = 64;

/** What is looked for on behalf of secrets. */
export interface SecretForms {
  readonly words: readonly string[];
  readonly texts: readonly string[];
}

/** True for a secret that is hidden wherever it stands: it must not be part of what is never hidden. */
export const isHiddenAnywhere = (secret: string): boolean => secret.length >= MIN_ANYWHERE_CHARACTERS;

/** What of a secret is looked for; a copy, so that the rest of a long one is not kept alive by it. */
export const soughtPart = (secret: string): string =>
  secret.length <= MAX_FILE_CHARACTERS
    ? secret
    : Buffer.from(secret.slice(0, MAX_FILE_CHARACTERS), 'utf16le').toString('utf16le');

/**
 * The forms in which tools print a secret: as it is, its single lines, percent- and JSON-encoded, and inside a longer
 * base64 text. A long one, a file, is cut into pieces, so that a part of it is found as well. Of very
 * many secrets the last encoded forms are left out, never the secrets themselves.
 */
export function formsOf(secrets: readonly string[]): SecretForms {
  const known = secrets.map(soughtPart);
  const parts = [...new Set(known.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]))].filter(
    isNoMarker,
  );
  const words = parts.filter((part) => part.length >= MIN_CHARACTERS && !isHiddenAnywhere(part));
  const long = parts.filter(isHiddenAnywhere);
  return { words, texts: withinLimit(long.flatMap(asTheyAre), encodedOneByOne(long)) };
}

function* encodedOneByOne(secrets: readonly string[]): Iterable<string> {
  for (const secret of secrets) yield* encodedTexts(secret);
}

/** The encoded forms are made one after the other, and no more of them than are taken. */
function withinLimit(plain: readonly string[], encoded: Iterable<string>): string[] {
  const texts = new Set(plain.filter(isHiddenAnywhere));
  let charactersLeft = [...texts].reduce((left, { length }) => left - length, MAX_FORMS_CHARACTERS);
  for (const text of encoded) {
    if (texts.has(text) || !isHiddenAnywhere(text)) continue;
    charactersLeft -= text.length;
    if (charactersLeft < 0) break;
    texts.add(text);
  }
  return [...texts];
}

/** The first and last line of every PEM file. */
const isNoMarker = (line: string): boolean => !/^-----[A-Z ]+-----$/.test(line);

const isFile = (secret: string): boolean => secret.length > MAX_TEXT_CHARACTERS;

const asTheyAre = (secret: string): string[] => (isFile(secret) ? piecesOf(secret) : [secret]);

function encodedTexts(secret: string): string[] {
  return isFile(secret) ? [] : [...encodedForms(secret), ...base64Forms(secret)];
}

function piecesOf(secret: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < secret.length; at += PIECE_CHARACTERS)
    pieces.push(secret.slice(at, at + PIECE_CHARACTERS));
  return pieces;
}

function encodedForms(text: string): string[] {
  // half of a surrogate pair is written as U+FFFD by everything that writes UTF-8, and has no percent form
  const written = Buffer.from(text, 'utf8').toString('utf8');
  const percent = encodeURIComponent(written);
  const json = JSON.stringify(text).slice(1, -1);
  return [
    written,
    ...[percent, percentLowerCase(percent), percentStrict(percent), percent.replaceAll('%20', '+')],
    ...[json, json.replaceAll('/', '\\/'), inAscii(json)],
  ];
}

const percentLowerCase = (percent: string): string =>
  percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** RFC 3986 reserves these too; `encodeURIComponent` leaves them. */
const percentStrict = (percent: string): string =>
  percent.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

const inAscii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Three bytes make four characters, so a secret inside a longer text has one of three forms, without its ends. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}
