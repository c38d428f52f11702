import { basename } from 'node:path';

/**
 * Cuts, in time linear in the text, what a regular expression such as `/[.]+$/` cuts in quadratic time: the engine
 * tries that from every character of every run.
 */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** As a sentence begins. */
export const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** `1 file`, `2 files`. */
export const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Pieces of `width` characters, the last one as long as what is left. */
export function piecesOf(text: string, width: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += width) pieces.push(text.slice(at, at + width));
  return pieces;
}

/**
 * Escape sequences of terminals (ECMA-48: CSI, OSC with BEL or ST behind it, two-character ones). No part of the
 * expression passes the beginning of the next sequence, so each character is looked at a bounded number of times;
 * `stripVTControlCharacters` of node:util (20.20) takes 20 s for some texts of 80 KB.
 */
const TERMINAL_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they begin and end what is looked for
  /[\u001b\u009b](?:\][^\u0007\u001b\u009b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\[?[0-?]*[ -/]*[@-~])?/g;

export const withoutTerminalSequences = (text: string): string => text.replace(TERMINAL_SEQUENCE, '');

/** How much longer than the wanted text the part is that is cleaned: terminal sequences and blanks may fill it. */
const RAW_FACTOR = 4;

/**
 * What another service said, as one line without control characters. It is cut before it is cleaned, so that a text of
 * megabytes costs no more than its first kilobytes.
 *
 * @returns empty for what is no text
 */
export const plainLine = (value: unknown, maxCharacters: number): string =>
  typeof value === 'string'
    ? withoutTerminalSequences(value.slice(0, RAW_FACTOR * maxCharacters))
        .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
        .trim()
        .slice(0, maxCharacters)
    : '';

/** A text from outside for a terminal: nothing of it may steer the terminal, or turn the direction of the line. */
export const plain = (text: string): string =>
  text.replace(/\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/gu, '\ufffd');

/** Of a folder that is named on the command line, with or without a slash at its end. */
export const nameOfApp = (appPath: string): string => basename(withoutTrailing(appPath, '/'));

/** A word as one types it into a shell, or into a hook of mmdebstrap, which reads words in the same way. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
