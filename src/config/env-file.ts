import { type FileHandle, open } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { ShipError } from '../errors.ts';
import { secretVariables } from './settings.ts';

const GROUP_OR_OTHERS = 0o077;

/**
 * Adds the variables of a file of `NAME=value` lines; what the environment says itself wins.
 *
 * @throws ShipError CONFIG_INVALID when the file cannot be read, or holds a secret and is open to other users
 */
export async function withEnvFile(
  env: NodeJS.ProcessEnv,
  path: string | undefined,
): Promise<NodeJS.ProcessEnv> {
  if (path === undefined) return env;
  const { text, mode } = await readWithMode(path);
  const variables = parseEnv(text);
  const secrets = secretVariables.filter((name) => Boolean(variables[name]));
  if (secrets.length > 0 && (mode & GROUP_OR_OTHERS) !== 0) throw openToOthers(path, mode, secrets);
  return { ...variables, ...env };
}

/** Both from one open file, so that the mode is that of what was read. */
async function readWithMode(path: string): Promise<{ text: string; mode: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return { mode: (await file.stat()).mode, text: await file.readFile('utf8') };
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  } finally {
    await file?.close();
  }
}

const unreadable = (path: string, cause: NodeJS.ErrnoException): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The file "${path}" given with --env-file cannot be read.`,
    reason: `The system says ${cause.code ?? 'nothing more'}.`,
    nextStep: 'Give the path of a readable file with one NAME=value line for each setting.',
    cause,
  });

const openToOthers = (path: string, mode: number, secrets: readonly string[]): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The file "${path}" given with --env-file holds ${secrets.join(' and ')} and is open to other users.`,
    reason: `Its mode is ${(mode & 0o777).toString(8)}; a file with secrets must be its owner's alone.`,
    nextStep: `Run: chmod 600 "${path}"`,
  });
