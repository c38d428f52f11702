import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { ShipError } from '../errors.ts';

/**
 * Adds the variables of a file of `NAME=value` lines; what the environment says itself wins.
 *
 * @throws ShipError CONFIG_INVALID when the file cannot be read
 */
export async function withEnvFile(
  env: NodeJS.ProcessEnv,
  path: string | undefined,
): Promise<NodeJS.ProcessEnv> {
  if (path === undefined) return env;
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ShipError('CONFIG_INVALID', {
      summary: `The file "${path}" given with --env-file cannot be read.`,
      reason: `The system says ${cause.code ?? 'nothing more'}.`,
      nextStep: 'Give the path of a readable file with one NAME=value line for each setting.',
      cause,
    });
  });
  return { ...parseEnv(text), ...env };
}
