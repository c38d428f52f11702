import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type Actor, createActor } from 'xstate';
import { lookForObstacles } from '../actors/obstacles.ts';
import { provideSupervisor } from '../actors/supervisor.ts';
import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import { createDriver } from '../adapters/vm/select.ts';
import { createGuestToolchain } from '../adapters/xcode/guest-toolchain.ts';
import type { Config } from '../config/load.ts';
import { answersOf, type StandingFacts, statusNow } from '../control/answers.ts';
import { lockStateDir } from '../control/state-lock.ts';
import { createRedactor } from '../domain/redaction/index.ts';
import { secretsIn } from '../domain/url-secrets.ts';
import { bootsAtOnce, vmDrivers } from '../domain/vm-driver.ts';
import { ShipError } from '../errors.ts';
import { type LiveHistory, openHistory } from '../history/history.ts';
import { openJournal } from '../journal/journal.ts';
import { keptArtifactsIn } from '../journal/kept-artifacts.ts';
import { pauseMarkIn } from '../journal/pause.ts';
import { adoptState } from '../journal/state-format.ts';
import { fileJournal } from '../journal/submissions.ts';
import { openTakenJobs } from '../journal/taken-jobs.ts';
import { logEvents } from '../observability/log-events.ts';
import { toLogFile } from '../observability/log-output.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { withoutLogin } from '../observability/status.ts';
import { packageVersion } from '../package-root.ts';
import { runLimitsOf } from '../run/host/limits.ts';
import type { StartRun } from '../run/host/link.ts';
import { runFolderOf } from '../run/host/run-folders.ts';
import { startRunProcess } from '../run/host/run-process.ts';
import { Runs } from '../run/host/runs.ts';
import { WatchedGuests } from '../run/host/watched-guest.ts';
import type { Limits } from '../run/limits.ts';
import type { Services } from '../run/services.ts';
import { createVault } from '../run/vault.ts';
import { watchDaemon } from './alarms.ts';
import { Begun } from './begun.ts';
import { standingFacts, startControl } from './control.ts';
import { driverText } from './driver-text.ts';
import { goldenImage } from './golden-image.ts';
import { instanceOf } from './instance.ts';
import { loggedDisks } from './logged-disks.ts';
import { orchardOptions } from './orchard-options.ts';
import { qemuOptions } from './qemu-options.ts';
import { accountIn, watchAccount } from './signatures.ts';
import { slotsOf } from './slots.ts';
import { asStateFault } from './state-fault.ts';
import { notesIn, tartOptions } from './tart-options.ts';
import { startWeb, type Web } from './web.ts';

export interface Daemon {
  readonly supervisor: Actor<ReturnType<typeof provideSupervisor>>;
  readonly services: Services;
  /** What became of its jobs. */
  readonly history: LiveHistory;
  /** Where a browser finds its page, if it has one. */
  readonly pageUrl: string | undefined;
  /** Resolves when the supervisor has stopped by itself; rejects when it broke. */
  readonly finished: Promise<void>;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly forTerminal: boolean;
  readonly signal: AbortSignal;
  /** Take the place of the built-in deadlines and pauses of the same name. */
  readonly limits?: Limits;
  /** Gets every finished line of the log; stderr when left out. */
  readonly writeLog?: (line: string) => void;
  /** Takes the place of the driver that the configuration names. */
  readonly driver?: VmDriver;
  /** Takes the place of a process for each run. */
  readonly startRun?: StartRun;
}

/**
 * Composition root: configuration → services → actors → start. The only place that knows everybody. The state
 * directory is locked before anything in it is read, and let go after the last actor has ended. A start that fails leaves
 * nothing behind that it has begun.
 *
 * @throws ShipError DAEMON_ALREADY_RUNNING when another daemon works there · STATE_FORMAT_UNKNOWN · STATE_UNUSABLE
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { stateDir } = options.config;
  const begun = new Begun();
  try {
    const lock = await lockStateDir(stateDir);
    begun.add('the lock of the state directory', lock.release);
    await adoptState(stateDir, packageVersion());
    return await startLocked(options, begun);
  } catch (error) {
    // what cannot be put away now is most often what the start failed of, which is told
    await begun.end(() => {});
    throw asStateFault(error, stateDir);
  }
}

async function startLocked(options: DaemonOptions, begun: Begun): Promise<Daemon> {
  let hear = (_line: string): void => {};
  const services = await makeServices(options, (line) => hear(line));
  const { config, logger } = services;
  begun.add('the journal of jobs', () => services.takenJobs.close());
  begun.add('the account of signatures', () => services.signatures.close());
  if (!services.driver.isolates) logger.warn(NO_ISOLATION);
  await services.signatures.check();
  const image = await goldenImage(config);
  await checkHost(services, image, options.signal);
  const input = {
    ...(await slotsOf(services, options.signal)),
    bootsAtOnce: bootsAtOnce(services.driver.kind, availableParallelism()),
    image,
    instance: await instanceOf(config.stateDir),
    isPaused: services.pauseMark.isSet(),
    obstacles: await lookForObstacles(services, [], options.signal),
    interruptedJobIds: services.takenJobs.interrupted.map(({ jobId }) => jobId),
    unsureJobIds: services.takenJobs.unsure.map(({ jobId }) => jobId),
  };
  await warnOfReach(services, options.signal);
  const driver = await driverText(services, input.image, options.signal);
  const history = await historyOf(services);
  begun.add('the history of jobs', () => history.close());
  hear = history.hear;
  const supervisor = createActor(provideSupervisor(services), {
    id: 'supervisor',
    systemId: 'supervisor',
    input,
    inspect: logEvents(logger),
  });
  supervisor.system.inspect(history.observe);
  let web: Web | undefined;
  const facts: StandingFacts = {
    ...standingFacts(services, history, driver),
    alarms: () => alarms.raised(),
    closedPorts: () => web?.closedPorts() ?? [],
  };
  const alarms = await watchDaemon({ supervisor, services, history, status: statusNow(supervisor, facts) });
  begun.add('the alarms', alarms.stop);
  const control = await startControl(supervisor, services, facts);
  begun.add('the control socket', control.close);
  web = await startWeb({
    ...{ supervisor, services, history, alarms, driver },
    status: statusNow(supervisor, facts),
    ask: answersOf(supervisor, facts),
  });
  begun.add('the page and the metrics', () => web?.stop());
  begun.add('the look at the account of signatures', watchAccount(services.signatures, logger));
  begun.add('the processes of runs', () => services.runs.close());
  const finished = untilDone(supervisor).finally(() =>
    begun.end((what, error) => logger.warn({ err: error, what }, NOT_PUT_AWAY)),
  );
  supervisor.start();
  services.runs.standBy();
  logger.info(
    { hub: withoutLogin(config.hubUrl), worker: config.workerName, ...input },
    'perry-ship is running',
  );
  return { supervisor, services, history, pageUrl: web?.pageUrl, finished };
}

function historyOf({ config, logger, redactor, vault }: Services): Promise<LiveHistory> {
  return openHistory({
    stateDir: config.stateDir,
    limit: config.historyJobs,
    logger,
    factsOf: vault.claim,
    redact: (text, jobId) => redactor.ofJob(jobId)(text),
  });
}

/** A host that does not list its machines may do so in a moment: the sweep waits for that. */
async function checkHost({ driver, logger }: Services, image: string, signal: AbortSignal): Promise<void> {
  await driver.checkHost?.(image, { signal }).catch((error: unknown) => {
    if (!(error instanceof ShipError) || error.code !== 'VM_LIST_FAILED') throw error;
    logger.error({ err: error }, 'it is not known yet whether the golden image is here');
  });
}

/** What a signing key is exposed to. */
async function warnOfReach({ driver, logger }: Services, signal: AbortSignal): Promise<void> {
  const { network, fix } = await driver.reach({ signal });
  if (fix !== undefined && driver.isolates) logger.warn({ network, fix }, REACHES_OUT);
}

const REACHES_OUT = 'Machines reach the network of this host by themselves, while they hold a signing key.';

const NOT_PUT_AWAY = 'Something could not be put away at the end of the daemon; the next start does it.';

const NOT_JOURNALLED = 'The journal of jobs cannot be written: a kill of this process would lose jobs.';

const JOURNAL_MOVED =
  'The journal of jobs could not be read in full: the file was moved aside. Senders of jobs that were lost with it hear nothing from this worker.';

const NO_ISOLATION =
  'The local driver isolates nothing: bundles and signing keys share this host. Use it for development only.';

/**
 * Everything that actors work with, from a configuration.
 *
 * @param hear - gets each finished line of the log, which is written all the same
 */
export async function makeServices(options: DaemonOptions, hear?: (line: string) => void): Promise<Services> {
  const { config, forTerminal, limits = {}, writeLog } = options;
  const write = writeLog ?? (config.logFile === undefined ? undefined : toLogFile(config.logFile));
  const redactor = createRedactor();
  const { hubSecret = '', tartSshPassword, orchardToken = '', alertUrl = '' } = config;
  const addresses = [config.hubUrl, config.timestampUrl, config.storeTimestampUrl].flatMap(secretsIn);
  redactor.add('config', [hubSecret, tartSshPassword, orchardToken, alertUrl, ...addresses]);
  const logger = createLogger({
    level: config.logLevel,
    redactor,
    forTerminal,
    ...(write && { write }),
    ...(hear && { hear }),
  });
  const driver = options.driver ?? (await configuredDriver(options, logger));
  const takenJobs = openTakenJobs(
    config.stateDir,
    (error) => logger.error({ err: error }, NOT_JOURNALLED),
    (place) => logger.error({ place }, JOURNAL_MOVED),
  );
  return {
    config,
    audience: 'hub',
    limits,
    logger,
    redactor,
    takenJobs,
    vault: createVault(redactor, takenJobs.settled),
    driver,
    toolchain: createGuestToolchain({
      configured: config.toolchain,
      isHostItself: vmDrivers[config.vmDriver].usesHostTools && config.tartImage === undefined,
      hostPlatform: process.platform,
    }),
    guests: new WatchedGuests(),
    runs: runsFor(options, logger),
    foldersOf: (runId) => ({
      run: runFolderOf(resolve(config.stateDir), runId),
      journal: resolve(config.stateDir),
      kept: resolve(config.stateDir),
    }),
    journal: openJournal(config.stateDir),
    pauseMark: pauseMarkIn(config.stateDir),
    disks: loggedDisks(config, logger),
    signatures: accountIn(config.stateDir, logger),
    asker: { hub: withoutLogin(config.hubUrl), worker: config.workerName },
    submissions: fileJournal(config.stateDir),
    keptArtifacts: keptArtifactsIn(config.stateDir),
  };
}

function runsFor({ config, limits = {}, startRun }: DaemonOptions, logger: Logger): Runs {
  const own = { ...runLimitsOf(config), ...limits.runProcess };
  const start = startRun ?? (() => startRunProcess(own));
  return new Runs({ start, limits: own, slots: config.maxConcurrent, logger });
}

async function configuredDriver({ config, env, signal }: DaemonOptions, logger: Logger): Promise<VmDriver> {
  return createDriver({
    kind: config.vmDriver,
    stateDir: config.stateDir,
    instance: await instanceOf(config.stateDir),
    toolDirs: vmDrivers[config.vmDriver].usesHostTools ? [await rcodesignDir(env, logger, signal)] : [],
    note: notesIn(logger),
    guestNetwork: config.guestNetwork,
    tart: tartOptions(config),
    qemu: qemuOptions(config),
    orchard: () => orchardOptions(config),
  });
}

/** Guests of other drivers bring their own. */
async function rcodesignDir(env: NodeJS.ProcessEnv, logger: Logger, signal: AbortSignal): Promise<string> {
  const tool = await locateRcodesign({ env, signal, onProgress: (line) => logger.info(line) });
  logger.info({ path: tool.path, version: tool.version }, 'rcodesign found');
  return dirname(tool.path);
}

function untilDone(supervisor: Daemon['supervisor']): Promise<void> {
  return new Promise((resolve, reject) => {
    supervisor.subscribe({ complete: resolve, error: reject });
  });
}
