import { readFileSync, statSync } from 'node:fs';
import { clusterMachineLimits } from '../../machines/cluster-machine/limits.ts';
import { createClusterLook } from '../actors/cluster-look.ts';
import { type ClusterMachineLimits, createClusterFollower } from '../actors/cluster-machines.ts';
import type { OrchardDriverOptions } from '../adapters/vm/orchard/options.ts';
import { trustOf } from '../adapters/vm/orchard/trust.ts';
import { type Config, settingVariable } from '../config/load.ts';
import { isBootstrapToken } from '../config/orchard-settings.ts';
import { readSecretFile } from '../config/private-file.ts';
import { ShipError } from '../errors.ts';

type OrchardOptions = Omit<OrchardDriverOptions, 'instance' | 'note' | 'guestNetwork'>;

/**
 * What the orchard driver takes from the configuration.
 *
 * @throws ShipError CONFIG_INVALID when a setting is missing, or a file cannot be used
 */
export function orchardOptions(config: Config): OrchardOptions {
  const { tartSshUser: user, tartSshPassword: password, tartSshPort: port, tartSshKeyFile: keyFile } = config;
  return {
    url: required(config, 'orchardUrl'),
    serviceAccount: required(config, 'orchardServiceAccount'),
    token: tokenOf(config),
    ca: certificate(config.orchardCaFile),
    fingerprint: config.orchardFingerprint,
    labels: config.orchardLabels,
    cpus: config.orchardCpu,
    memoryMb: config.orchardMemoryMb,
    ...{ os: config.orchardOs, arch: config.orchardArch, runtime: config.orchardRuntime },
    ssh: { user, password, port, keyFile, hostKey: config.tartHostKey },
    follow: createClusterFollower(limitsWithin(config.vmCloneTimeoutSeconds * 1_000)),
    share: createClusterLook(),
  };
}

/** What the deadline for the whole leaves for saying which stage has missed it. */
const TO_SAY_WHY_MS = 60_000;

/** For the wait for a free worker, and for what it then makes, with the pull of an image. */
export function limitsWithin(wholeMs: number): Pick<ClusterMachineLimits, 'queueTimeout' | 'makeTimeout'> {
  const makeTimeout = Math.max(wholeMs - TO_SAY_WHY_MS, wholeMs / 2);
  return { makeTimeout, queueTimeout: Math.min(clusterMachineLimits.queueTimeout, makeTimeout) };
}

/** Of a chain of many certificates. */
const MAX_CERTIFICATE_BYTES = 1024 * 1024;

type Needed = 'orchardUrl' | 'orchardServiceAccount' | 'orchardToken';

function tokenOf(config: Config): string {
  const { orchardTokenFile: file } = config;
  if (file === undefined) return required(config, 'orchardToken');
  return readSecretFile(file, settingVariable('orchardTokenFile'), (secret) =>
    isBootstrapToken(secret) ? 'It holds a bootstrap token, which only workers are given.' : undefined,
  );
}

function required(config: Config, name: Needed): string {
  const value = config[name];
  if (value !== undefined) return value;
  const variable = settingVariable(name);
  throw new ShipError('CONFIG_INVALID', {
    summary: `The setting ${variable} is missing.`,
    reason: 'The driver "orchard" makes no machine without it.',
    nextStep: `Set ${variable}, or another PERRY_VM_DRIVER.`,
  });
}

function certificate(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    const pem = readPlainFile(file);
    trustOf({ ca: pem });
    return pem;
  } catch (cause) {
    throw new ShipError('CONFIG_INVALID', {
      summary: 'The certificate of the controller cannot be read.',
      reason: `Reading the file that PERRY_ORCHARD_CA_FILE names ended with ${(cause as NodeJS.ErrnoException).code ?? 'an error'}.`,
      nextStep: 'Let PERRY_ORCHARD_CA_FILE name the certificate of the controller, in the PEM form.',
      cause,
    });
  }
}

/** A named pipe, or a device, would be read for ever. */
function readPlainFile(file: string): string {
  const stats = statSync(file);
  if (!stats.isFile() || stats.size > MAX_CERTIFICATE_BYTES)
    throw new Error('It is no file of a certificate.');
  return readFileSync(file, 'utf8');
}
