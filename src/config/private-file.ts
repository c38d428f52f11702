import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { ShipError } from '../errors.ts';
import { withoutTrailing } from '../text.ts';

const GROUP_OR_OTHERS = 0o077;
/** Longer than any token. */
const MAX_SECRET_BYTES = 16 * 1024;

/**
 * Fails for a file that others may read or change.
 *
 * @param words - what it is, and what is in it: `The file "…" given with --env-file holds …`
 * @throws ShipError CONFIG_INVALID
 */
export function expectPrivate(mode: number, path: string, words: string): void {
  if ((mode & GROUP_OR_OTHERS) === 0) return;
  throw new ShipError('CONFIG_INVALID', {
    summary: `${words} and is open to other users.`,
    reason: `Its mode is ${(mode & 0o777).toString(8)}; a file with secrets must be its owner's alone.`,
    nextStep: `Run: chmod 600 "${path}"`,
  });
}

/**
 * The secret that is a file's whole content, without what an editor adds: a byte order mark before it, and blanks and
 * newlines behind it. It is read once: a program that works with it for months keeps what it began with.
 *
 * @param variable - the setting that names the file
 * @param faultOf - what is wrong with a secret, as a sentence
 * @throws ShipError CONFIG_INVALID when the file cannot be read, is open to others, or holds no secret of one line
 */
export function readSecretFile(
  path: string,
  variable: string,
  faultOf: (secret: string) => string | undefined,
): string {
  const { text, mode } = readSmallFile(path, variable);
  expectPrivate(mode, path, `The file "${path}" of ${variable} holds a secret`);
  const secret = withoutTrailing(text.replace(/^\ufeff/, ''), ' \t\r\n');
  const fault = secret === '' ? 'It is empty.' : (lineFault(secret) ?? faultOf(secret));
  if (fault !== undefined) throw unusable(path, variable, fault);
  return secret;
}

function lineFault(secret: string): string | undefined {
  if (/[\r\n]/.test(secret)) return 'It has more than one line.';
  if (/[\p{Cc}\ufffd]/u.test(secret)) return 'It is no text in UTF-8.';
  return undefined;
}

function readSmallFile(path: string, variable: string): { text: string; mode: number } {
  let file: number | undefined;
  try {
    // a named pipe without a writer, and a device, have no end
    if (!statSync(path).isFile()) throw unusable(path, variable, 'It is not a plain file.');
    file = openSync(path, 'r');
    // of what is read, not of what had the name before
    const { size, mode } = fstatSync(file);
    if (size > MAX_SECRET_BYTES) throw unusable(path, variable, 'It is too long for a secret.');
    return { mode, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    if (cause instanceof ShipError) throw cause;
    const { code = 'nothing more' } = cause as NodeJS.ErrnoException;
    throw unusable(path, variable, `The system says ${code}.`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const unusable = (path: string, variable: string, reason: string): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The file "${path}" of ${variable} cannot be used.`,
    reason,
    nextStep: `Let ${variable} name a file that holds nothing but the secret, in one line, and that its owner alone may read.`,
  });
