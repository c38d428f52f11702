import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import { loadConfig } from '../config/load.ts';
import { settings } from '../config/settings.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { type VmDriverKind, vmDrivers } from '../domain/vm-driver.ts';
import { type EmbeddedHub, type StoredArtifact, startEmbeddedHub } from '../embedded-hub/embedded-hub.ts';
import { ShipError } from '../errors.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { reportArtifact } from './artifact-report.ts';
import { type DemoJob, submitDemoJobs } from './demo-jobs.ts';
import { progressLine } from './progress-lines.ts';
import { startTimestampAuthority, type TimestampAuthority } from './timestamp-authority.ts';

export interface DemoOptions {
  /** Everything of the demo lies below; the caller removes it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** What makes the machines; `local` when left out. */
  readonly driver?: VmDriverKind;
  /** Where the artifacts are left; they are gone with the demo otherwise. */
  readonly out?: string;
  /** The daemon serves its page on a free port, and lives on when the jobs have ended. */
  readonly page?: boolean;
}

const SECRET = 'demo-worker-secret';

/**
 * The whole way on this host: a hub, the daemon, a macOS job and an iOS job side by side, each in a machine of its own,
 * and a look into what came out.
 *
 * With its page it goes on until it is told to stop; then it has ended as it should.
 *
 * @throws ShipError DEMO_FAILED when a job failed or an artifact does not hold
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { signal, print } = options;
  const driver = options.driver ?? 'local';
  const rcodesign = vmDrivers[driver].usesHostTools
    ? (await locateRcodesign({ env: process.env, signal, onProgress: print })).path
    : undefined;
  const hub = await startEmbeddedHub({ workerSecret: SECRET });
  const authority = await startTimestampAuthority();
  let daemon: Daemon | undefined;
  try {
    daemon = await startDaemon({
      ...daemonOptions({ ...options, driver }, hub, authority, rcodesign),
      signal,
    });
    if (options.page) print(`The page of the daemon: ${pageOf(daemon)}\n`);
    print('A macOS app and an iOS app are on their way, each through a machine of its own.\n');
    await runJobs(hub, options);
    if (options.page) await shownUntilStopped(daemon, options);
  } finally {
    daemon?.supervisor.send({ type: 'drain.requested' });
    if (signal.aborted) daemon?.supervisor.send({ type: 'shutdown.requested' });
    await daemon?.finished;
    await authority.stop();
    await hub.stop();
  }
}

function pageOf({ pageUrl }: Daemon): string {
  if (pageUrl === undefined) throw failed('no port can be opened for the page');
  return pageUrl;
}

/** The daemon may also be drained on its page. */
async function shownUntilStopped(daemon: Daemon, { signal, print }: DemoOptions): Promise<void> {
  print(`\nThe page stays open at ${pageOf(daemon)}, with both jobs in its history. Ctrl-C ends the demo.`);
  if (!signal.aborted) await Promise.race([once(signal, 'abort'), daemon.finished]);
}

/** Of the caller's settings those that say which machines there are; all others are the demo's own. */
const MACHINE_SETTINGS = [
  settings.imageDir,
  settings.tartImage,
  settings.tartBinary,
  settings.tartHome,
  settings.tartSshUser,
  settings.tartSshPassword,
  settings.tartSshKeyFile,
  settings.tartHostKey,
  settings.vmCpus,
  settings.vmMemoryMb,
];

function daemonOptions(
  { folder, driver, page }: DemoOptions,
  hub: EmbeddedHub,
  authority: TimestampAuthority,
  rcodesign: string | undefined,
) {
  const given = MACHINE_SETTINGS.map(({ variable }) => [variable, process.env[variable]]);
  const env: Record<string, string | undefined> = {
    ...(driver !== 'local' && Object.fromEntries(given)),
    PERRY_HUB_URL: hub.webSocketUrl,
    PERRY_HUB_WORKER_SECRET: SECRET,
    PERRY_WORKER_NAME: 'demo',
    PERRY_VM_DRIVER: driver,
    PERRY_STATE_DIR: join(folder, 'state'),
    PERRY_RCODESIGN: rcodesign,
    PERRY_TIMESTAMP_URL: authority.url,
    PERRY_LOG_LEVEL: 'error',
  };
  const { config } = loadConfig(env);
  // a free one; the settings know no such port
  return { config: { ...config, ...(page && { inspectPort: 0 }) }, env, forTerminal: true };
}

async function runJobs(hub: EmbeddedHub, options: DemoOptions): Promise<void> {
  const jobs = await submitDemoJobs(hub, options.folder);
  await Promise.all(jobs.map((job) => follow(hub, job, options)));
  options.print('');
  for (const job of jobs) await keep(await examine(hub, job, options), options);
  if (hub.violations.length > 0) throw failed(`the hub objects: ${hub.violations.join('; ')}`);
}

async function keep({ path, name }: StoredArtifact, { out, print }: DemoOptions): Promise<void> {
  if (out === undefined) return;
  await makeFolder(out);
  await copyFile(path, join(out, name));
  print(`  kept ${join(out, name)}`);
}

/** Prints what the hub relays about one job, as it comes, to its end. */
async function follow(
  hub: EmbeddedHub,
  { label, jobId }: DemoJob,
  { print, signal }: DemoOptions,
): Promise<void> {
  for (let seen = 0; ; seen += 1) {
    const message = await hub.until(() => hub.messages(jobId)[seen], signal);
    const line = progressLine(label, message);
    if (line !== undefined) print(line);
    if (message.type !== 'complete') continue;
    if (message.success !== true) throw failed(`the ${label} job ended with "${String(message.error)}"`);
    return;
  }
}

async function examine(
  hub: EmbeddedHub,
  { label, jobId }: DemoJob,
  options: DemoOptions,
): Promise<StoredArtifact> {
  const artifact = hub.artifact(jobId);
  if (!artifact) throw failed(`the ${label} job left no artifact`);
  const { lines, findings } = await reportArtifact(artifact, options.signal);
  if (findings.length > 0) throw failed(`the ${label} artifact does not hold: ${findings.join('; ')}`);
  const size = `${(artifact.sizeBytes / 1024).toFixed(1)} KiB`;
  options.print(
    `${artifact.name}  ${size}\n  sha256 ${artifact.sha256Hex}\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
  return artifact;
}

const failed = (reason: string): ShipError =>
  new ShipError('DEMO_FAILED', {
    summary: 'The demo did not end as it should.',
    reason: `In short: ${reason}.`,
    nextStep: 'Run it again with PERRY_LOG_LEVEL=debug and send its output to the maintainers.',
  });
