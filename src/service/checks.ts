import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ShipError } from '../errors.ts';
import { isThere } from '../files/disk/is-there.ts';
import type { ServiceFlags, ServiceHost } from './host.ts';

/** Of a service that runs without anybody logged in. */
export interface SystemService {
  readonly home: string;
  readonly user?: string;
  readonly envFile?: string;
}

/**
 * Root alone can install it, and its user must be able to read the settings.
 *
 * @param needsRoot - one sentence, for everybody else
 * @throws ShipError SERVICE_FAILED
 */
export async function requireSystem(
  { home, user, envFile }: SystemService,
  { uid }: ServiceHost,
  needsRoot: string,
): Promise<void> {
  if (uid !== 0) throw notInstalled(needsRoot, 'Run the same command with sudo.');
  const owner = await stat(home).catch(() => undefined);
  if (!owner)
    throw notInstalled(`The home folder "${home}" does not exist.`, 'Give the right one with --home.');
  const settings = envFile === undefined ? undefined : await stat(envFile);
  if (settings && settings.uid !== owner.uid)
    throw notInstalled(
      `"${envFile}" does not belong to ${user}, who could not read it.`,
      `Run: sudo chown ${user} "${envFile}"`,
    );
}

export const notInstalled = (reason: string, nextStep: string): ShipError =>
  new ShipError('SERVICE_FAILED', { summary: 'The service was not installed.', reason, nextStep });

/** The file that was named, which must be there; else the usual one, if it is there. */
export async function envFileOr(usual: string, { envFile }: ServiceFlags): Promise<string | undefined> {
  if (envFile !== undefined) return resolve(envFile);
  return (await isThere(usual)) ? usual : undefined;
}
