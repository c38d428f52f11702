import * as z from 'zod';
import { baseEnvironment } from '../adapters/process/environment.ts';
import { type RunResult, run } from '../adapters/process/run.ts';
import { removeTree } from '../files/disk/remove-tree.ts';
import { refused, saidByNpm } from './failures.ts';
import { type Place, versionIn, versionSchema } from './place.ts';

/**
 * Which registry there is and how it is reached, where that does not stand in a file of npm; the token of a registry does.
 */
const OF_NPM = [
  ...['npm_config_registry', 'npm_config_userconfig', 'npm_config_globalconfig', 'npm_config_cafile'],
  ...[
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'NODE_EXTRA_CA_CERTS',
  ],
];

const npm = (args: readonly string[], signal: AbortSignal): Promise<RunResult> =>
  run('npm', args, { signal, env: { ...baseEnvironment(OF_NPM), npm_config_update_notifier: 'false' } });

/** What npm prints as JSON for one version, or for several that fit, the newest last. */
const answerSchema = z.union([versionSchema, z.array(versionSchema).min(1)]);

/**
 * Asks the registry for the version of that name, `latest` when left out.
 *
 * @throws ShipError UPGRADE_REFUSED with npm's own words · COMMAND_NOT_FOUND
 */
export async function versionInRegistry(wanted: string | undefined, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await npm(
    ['view', `perry-ship@${wanted ?? 'latest'}`, 'version', '--json'],
    signal,
  );
  const version = exitCode === 0 ? parsed(stdout) : undefined;
  if (version !== undefined) return version;
  throw refused(
    `The registry of npm did not say which perry-ship there is${wanted === undefined ? '' : ` as "${wanted}"`}: ${saidByNpm(stderr)}.`,
    'Run "npm view perry-ship versions" to see what there is, and whether the registry can be reached.',
  );
}

function parsed(text: string): string | undefined {
  try {
    return [answerSchema.parse(JSON.parse(text))].flat().at(-1);
  } catch {
    return undefined;
  }
}

/**
 * Installs one version into the prefix of the staging folder. Installed for all, a program has its dependencies inside of
 * its own folder, which can be moved whole.
 *
 * @throws ShipError UPGRADE_REFUSED with npm's own words
 */
export async function installInto(place: Place, version: string, signal: AbortSignal): Promise<void> {
  await removeTree(place.stagingPrefix);
  const flags = [
    '--global',
    '--prefix',
    place.stagingPrefix,
    '--no-audit',
    '--no-fund',
    '--loglevel',
    'error',
  ];
  const { exitCode, stderr } = await npm(['install', ...flags, `perry-ship@${version}`], signal);
  if (exitCode === 0 && versionIn(place.staged) === version) return;
  throw refused(
    exitCode === 0
      ? `npm installed something else than perry-ship ${version}.`
      : `npm could not install perry-ship ${version}: ${saidByNpm(stderr)}.`,
    stderr.includes('ENOSPC')
      ? `Make room on the disks of "${place.modules}" and of the cache of npm ("npm config get cache"), and run the command again.`
      : `Run "npm install --global --prefix /tmp/trial perry-ship@${version}" to see all that npm says.`,
  );
}
