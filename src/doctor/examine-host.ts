import { createDriver } from '../adapters/vm/select.ts';
import { withEnvFile } from '../config/env-file.ts';
import { type Config, type LoadedConfig, loadConfig } from '../config/load.ts';
import { imageName } from '../daemon/golden-image.ts';
import { orchardOptions } from '../daemon/orchard-options.ts';
import { qemuOptions } from '../daemon/qemu-options.ts';
import { tartOptions } from '../daemon/tart-options.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { alarmWays } from './alarm-ways.ts';
import { appleServices } from './apple-services.ts';
import { type Answer, answer, type Check, type Finding, ok, remark } from './check.ts';
import { clusterChecks } from './cluster/checks.ts';
import { diskInUse } from './disk-use.ts';
import { hubGreeting, hubLink } from './hub-link.ts';
import { guestReach, machineHost, signingTool } from './machines.ts';
import { nodeVersion } from './node-version.ts';
import { signatureAccount } from './signature-account.ts';
import { runningDaemon, stateDirectory, stateFormat } from './state-directory.ts';
import { webPorts } from './web-ports.ts';

export interface ExamineOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly envFile?: string | undefined;
  /** `upgrade`: only what this program must be able to read; `sign`: only what somebody needs who signs without a hub; left out: all that a daemon needs. */
  readonly purpose?: 'sign' | 'upgrade' | undefined;
  readonly signal: AbortSignal;
  /** Lines for a person who waits. */
  readonly onProgress: (line: string) => void;
}

/**
 * Asks everything that decides whether a daemon, or `sign`, would work here, one question after the other. Nothing is changed,
 * except that rcodesign is fetched where it is missing, as the daemon would.
 */
export async function* examineHost(options: ExamineOptions): AsyncGenerator<Answer> {
  const { env, envFile, signal } = options;
  yield answer(nodeVersion(process.versions.node), signal);
  const read: { settings?: Settings } = {};
  yield answer(
    {
      question: 'Can the configuration be used?',
      ask: async () => {
        const remarks: string[] = [];
        const whole = await withEnvFile(env, envFile, (text) => remarks.push(text));
        const { config, warnings } = loadConfig(whole);
        read.settings = { config, warnings: [...remarks, ...warnings], env: whole };
        return configurationFinding(read.settings);
      },
    },
    signal,
  );
  if (read.settings) yield* examineConfigured(read.settings, options);
}

interface Settings extends LoadedConfig {
  /** With what the file adds. */
  readonly env: NodeJS.ProcessEnv;
}

async function* examineConfigured(
  { config, env }: Settings,
  { purpose, signal, onProgress }: ExamineOptions,
): AsyncGenerator<Answer> {
  if (purpose === 'upgrade') {
    yield answer(stateFormat(config), signal);
    return;
  }
  const hasHub = purpose !== 'sign';
  const checks = [
    stateDirectory(config),
    diskInUse(config),
    ...(hasHub ? [signatureAccount(config), runningDaemon(config)] : []),
    ...machineChecks(config),
    guestReach(config, () => driverOf(config)),
    ...(vmDrivers[config.vmDriver].usesHostTools ? [signingTool(env, onProgress)] : []),
    ...(hasHub ? [hubLink(config), hubGreeting(config), ...webPorts(config), ...alarmWays(config, env)] : []),
    ...appleServices(config),
  ];
  for (const check of checks) yield answer(check, signal);
}

/** Of a cluster there is more to ask than whether machines can be made. */
const machineChecks = (config: Config): Check[] =>
  config.vmDriver === 'orchard'
    ? clusterChecks(config, () => orchardOptions(config), imageName(config))
    : [machineHost(config, () => driverOf(config), imageName(config))];

function configurationFinding({ config, warnings }: LoadedConfig): Finding {
  const { workerName, vmDriver, maxConcurrent, followsRoom, runMemoryMb, runHeapMb } = config;
  const jobs = followsRoom
    ? 'as many jobs at a time as the cluster has room for'
    : `${maxConcurrent} jobs at a time`;
  const memory = `each with up to ${runMemoryMb} MB of memory (heap ${runHeapMb} MB)`;
  const evidence = `Worker "${workerName}", driver ${vmDriver}, ${jobs}, ${memory}`;
  return warnings.length === 0 ? ok(evidence) : remark(evidence, warnings.join(' '));
}

/** Only to be asked about the host: it makes no machine. */
const driverOf = (config: Config) =>
  createDriver({
    kind: config.vmDriver,
    stateDir: config.stateDir,
    instance: NO_INSTANCE,
    toolDirs: [],
    note: () => undefined,
    guestNetwork: config.guestNetwork,
    tart: tartOptions(config),
    qemu: qemuOptions(config),
    orchard: () => orchardOptions(config),
  });

const NO_INSTANCE = '00000000';
