import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Survey, Versions } from '../../machines/upgrade/machine.ts';
import type { UpgradeEffects } from '../actors/upgrade.ts';
import { withEnvFile } from '../config/env-file.ts';
import { loadConfig } from '../config/load.ts';
import { secretVariables, settings } from '../config/settings.ts';
import { askDaemon, haveYield } from '../control/client.ts';
import { lockStateDir, type StateLock } from '../control/state-lock.ts';
import { ShipError } from '../errors.ts';
import { removeTree } from '../files/disk/remove-tree.ts';
import { freeBytesAt } from '../files/disk/usage.ts';
import { exitTimeoutSeconds, type ServiceHost } from '../service/host.ts';
import type { ServiceManager } from '../service/manager.ts';
import { findDaemon, flagsOf, lookAtDaemon, type RunningDaemon, type ServiceKind } from './daemon.ts';
import { notPermitted, refused } from './failures.ts';
import { readNote, type UpgradeNote, writeNote } from './note.ts';
import { installInto, versionInRegistry } from './npm.ts';
import { isNewer, type Place, versionIn } from './place.ts';
import { backUpState, restoreState } from './state-backup.ts';
import { mendSwap, swapIn, swapOut } from './swap.ts';
import { tryProgram } from './trial.ts';

export interface UpgradeOptions {
  readonly place: Place;
  /** A version, or a name that the registry has for one. */
  readonly wanted: string | undefined;
  readonly mayChange: boolean;
  readonly stateDir: string;
  readonly envFile: string | undefined;
  readonly host: ServiceHost;
  readonly manager: ServiceManager | undefined;
}

/** Of a drain whose deadline is not known, because the settings cannot be read: the longest that they allow. */
const MOST_DRAIN_MINUTES = 1_440;
/** The program with its dependencies takes a fifth of it, what npm unpacks and keeps in its cache the rest. */
const WANTED_FREE_BYTES = 500_000_000;

/** What one upgrade has found on its way, and does with it. */
export class UpgradeWork implements UpgradeEffects {
  readonly #options: UpgradeOptions;
  #lock: StateLock | undefined;
  #daemon: RunningDaemon | undefined;
  #service: ServiceKind | null = null;
  #wasOnline = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** Null when nobody works on the state directory. */
  get pid(): number | null {
    return this.#daemon?.status.pid ?? null;
  }

  surveyHost = async (): Promise<Survey> => {
    const { place, stateDir, mayChange } = this.#options;
    await expectWritable(place);
    const note = await readNote(place);
    if (note && note.stateDir !== stateDir) throw ofOtherFolder(note);
    if (mayChange) await this.#putInOrder();
    this.#daemon = await findDaemon(this.#options);
    this.#service = this.#daemon?.service ?? note?.service ?? null;
    this.#wasOnline = note?.wasOnline ?? this.#daemon?.status.link === 'online';
    this.#expectRights();
    const isUnproven = note !== undefined && versionIn(place.current) === note.to && note.from !== note.to;
    return {
      daemon: this.#foundDaemon(),
      wasOnline: this.#wasOnline,
      drainTimeoutMs: 1_000 * exitTimeoutSeconds(await this.#drainMinutes()),
      unproven: isUnproven ? { from: note.from, to: note.to } : null,
    };
  };

  askRegistry = async (signal: AbortSignal): Promise<{ version: string; isCurrent: boolean }> => {
    const { place, wanted } = this.#options;
    const version = await versionInRegistry(wanted, signal);
    const current = versionIn(place.current) ?? '';
    return { version, isCurrent: wanted === undefined ? !isNewer(version, current) : version === current };
  };

  installBeside = ({ to }: Versions, signal: AbortSignal): Promise<void> =>
    installInto(this.#options.place, to, signal);

  tryNew = async ({ from, to }: Versions, signal: AbortSignal): Promise<void> => {
    const { place, stateDir, envFile } = this.#options;
    await tryProgram(place, to, { stateDir, envFile, env: this.#ownSettings() }, signal);
    await writeNote(place, { from, to, stateDir, service: this.#service, wasOnline: this.#wasOnline });
  };

  haveYield = (signal: AbortSignal): Promise<void> => haveYield(this.#options.stateDir, signal);

  requestDrain = async (): Promise<void> => {
    await askDaemon(this.#options.stateDir, { request: 'drain' });
  };

  lookAtDaemon = () => lookAtDaemon(this.#options, this.#service);

  backUpState = (signal: AbortSignal): Promise<void> => backUpState(this.#options.stateDir, signal);

  swapPrograms = (): Promise<void> => swapIn(this.#options.place);

  startService = async (): Promise<void> => {
    const { manager, host } = this.#options;
    if (this.#service) await manager?.start(flagsOf(this.#service), host);
  };

  stopService = async (): Promise<void> => {
    const { manager, host } = this.#options;
    if (this.#service) await manager?.stop(flagsOf(this.#service), host);
  };

  swapBack = async ({ from }: { readonly from: string }, signal: AbortSignal): Promise<void> => {
    await swapOut(this.#options.place, from);
    await restoreState(this.#options.stateDir, signal);
  };

  clearAway = async (): Promise<void> => {
    // without the lock, what is there is of somebody else
    if (!this.#lock) return;
    await this.close();
    await removeTree(this.#options.place.staging);
  };

  /** What is left is for the next upgrade, which may begin now. */
  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /** Takes the lock, and undoes half a swap. */
  async #putInOrder(): Promise<void> {
    const { place } = this.#options;
    this.#lock = await lockStateDir(place.staging).catch((error: unknown) => {
      throw error instanceof ShipError && error.code === 'DAEMON_ALREADY_RUNNING' ? atWork(error) : error;
    });
    mendSwap(place);
    const free = await freeBytesAt(place.modules);
    if (free !== undefined && free < WANTED_FREE_BYTES) throw diskShort(place, free);
  }

  #foundDaemon(): Survey['daemon'] {
    if (this.#daemon) return this.#daemon.service === null ? 'byHand' : 'managed';
    return this.#service === null ? 'none' : 'ended';
  }

  #expectRights(): void {
    if (this.#service === 'system' && this.#options.host.uid !== 0)
      throw refused(
        'The daemon is run by a service of the system, which root alone may start.',
        'Run the same command with sudo, and name its folder with --state-dir.',
      );
  }

  /** Of a daemon that was started by hand; a service sees nothing of this shell. */
  #ownSettings(): Readonly<Record<string, string>> {
    if (this.#service !== null) return {};
    const open = Object.values(settings)
      .map(({ variable }) => variable as string)
      .filter((name) => !secretVariables.includes(name));
    return Object.fromEntries(open.flatMap((name) => pairOf(name, this.#options.host.env)));
  }

  async #drainMinutes(): Promise<number> {
    const { envFile, host } = this.#options;
    try {
      return loadConfig(await withEnvFile(host.env, envFile)).config.drainTimeoutMinutes;
    } catch {
      return MOST_DRAIN_MINUTES;
    }
  }
}

const pairOf = (name: string, env: NodeJS.ProcessEnv): [string, string][] => {
  const value = env[name];
  return value ? [[name, value]] : [];
};

async function expectWritable(place: Place): Promise<void> {
  try {
    await access(place.modules, constants.W_OK | constants.X_OK);
  } catch {
    throw notPermitted(place);
  }
}

const ofOtherFolder = ({ stateDir, to }: UpgradeNote) =>
  refused(
    `An upgrade to ${to} was killed, whose daemon works on the state directory "${stateDir}".`,
    `Run the command again with --state-dir "${stateDir}": it is finished or undone first.`,
  );

const atWork = (error: ShipError) =>
  refused(
    `Another upgrade of this program is under way${typeof error.detail.pid === 'number' ? `: process ${error.detail.pid}` : ''}.`,
    'Wait for its end.',
    error,
  );

const diskShort = ({ modules }: Place, freeBytes: number) =>
  refused(
    `The disk of "${dirname(modules)}" has ${Math.floor(freeBytes / 1e6)} MB free, and an upgrade needs ${WANTED_FREE_BYTES / 1e6} MB.`,
    'Make room there, for example with "npm cache clean --force", and run the command again.',
  );
