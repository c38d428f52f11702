import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { waitFor } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { type EmbeddedHub, startEmbeddedHub, type WireMessage } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, WORKER_SECRET } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { gate } from '../integration/gate.ts';

/** A hub, and a daemon with its page, whose jobs stand still in their signing until they are let go. */
export interface Room {
  readonly hub: EmbeddedHub;
  readonly url: string;
  daemon(): Daemon;
  /** Resolves when the job stands still, or waits for its turn. */
  submit(manifest?: Readonly<Record<string, unknown>>): Promise<string>;
  letGo(jobId: string): Promise<WireMessage>;
  answersOf(jobId: string): readonly WireMessage[];
  answerTo(jobId: string): Promise<WireMessage>;
  /** Lets all jobs go, and waits until none is here. */
  clear(): Promise<void>;
  stopDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  end(): Promise<void>;
}

const quick = { greetingGrace: 20, backoff: 20 };

export async function openRoom(maxConcurrent = 2): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-page-'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
  const port = await freePort();
  const holds = new Map<string, ReturnType<typeof gate>>();
  let daemon: Daemon;

  const startDaemon = async () => {
    ({ daemon } = await startInstantDaemon({
      hubUrl: hub.webSocketUrl,
      hubSecret: WORKER_SECRET,
      stateDir: join(folder, 'state'),
      limits: { hub: quick },
      env: {
        PERRY_INSPECT: port,
        PERRY_HUB_HTTP_URL: hub.httpUrl,
        PERRY_MAX_CONCURRENT_BUILDS: String(maxConcurrent),
        PERRY_VM_STANDBY: '0',
      },
      working: (jobId) => holds.get(jobId)?.opened ?? Promise.resolve(),
    }));
    await waitFor(daemon.supervisor, (snapshot) => snapshot.matches({ serving: { link: 'online' } }));
    await hub.until(() => (hub.workers().length > 0 ? true : undefined), patience());
  };
  const stopDaemon = async () => {
    for (const type of ['drain.requested', 'shutdown.requested'] as const)
      if (daemon.supervisor.getSnapshot().status === 'active') daemon.supervisor.send({ type });
    await daemon.finished;
  };
  const isHere = (jobId: string) => {
    const { runs } = daemon.supervisor.getSnapshot().context;
    return runs.some((run) => run.jobId === jobId && ['working', 'waiting'].includes(run.phase));
  };
  await startDaemon();
  return {
    ...{ hub, startDaemon, stopDaemon },
    url: `http://127.0.0.1:${port}/`,
    daemon: () => daemon,
    submit: async (manifest = {}) => {
      const submission = { ...instantSubmission, manifest: { ...instantSubmission.manifest, ...manifest } };
      const jobId = await hub.submitJob(submission);
      holds.set(jobId, gate());
      await waitFor(daemon.supervisor, () => isHere(jobId));
      return jobId;
    },
    letGo: (jobId) => {
      holds.get(jobId)?.open();
      return hub.completed(jobId, patience());
    },
    answersOf: (jobId) => hub.messages(jobId).filter(({ type }) => type === 'complete'),
    answerTo: (jobId) => hub.completed(jobId, patience()),
    clear: async () => {
      for (const hold of holds.values()) hold.open();
      await waitFor(daemon.supervisor, ({ context }) => context.runs.length === 0);
    },
    end: async () => {
      for (const hold of holds.values()) hold.open();
      await stopDaemon();
      expect(hub.violations).toEqual([]);
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
