import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { processesOf } from '../helpers/leak-check.ts';
import { type Certificate, controllerCertificate } from './certificate.ts';
import { Cluster } from './cluster.ts';
import { type Controller, startController } from './controller.ts';
import { startGuest, userKey } from './guest.ts';
import type { Knobs } from './knobs.ts';
import type { Role, WorkerSpec } from './resources.ts';
import type { WorkerHost } from './worker.ts';

export const ACCOUNT = { name: 'signer', token: 'token-of-the-signer' } as const;
const ROLES: readonly Role[] = ['compute:read', 'compute:write'];
let made: Certificate | undefined;

/** A cluster of Macs, as far as it can be had: its controller on loopback, and workers with real SSH servers. */
export interface OrchardHost {
  /** Of all machines. */
  readonly folder: string;
  readonly cluster: Cluster;
  readonly url: string;
  /** The key that the machines let in, as a file. */
  readonly userKeyFile: string;
  /** What a client must trust, for the name `orchard-controller`. */
  readonly certificate: string;
  readonly knobs: Knobs;
  /** Five seconds of the cluster. */
  tick(): Promise<void>;
  /** The process behind a machine. */
  pidOf(name: string): number;
  /** The controller dies, and comes back on the same port; what it knew is on its disk, but for its certificate. */
  restart(whileAway?: () => Promise<void>, certificate?: Certificate): Promise<void>;
  /** Fails when a machine or a process is left, or the controller was asked for what it should not be. */
  expectNothingLeft(): Promise<void>;
  remove(): Promise<void>;
}

export interface OrchardHostOptions {
  readonly workers?: readonly WorkerSpec[];
  readonly knobs?: Partial<Knobs>;
  readonly images?: readonly string[];
  readonly toolDirs?: readonly string[];
  /** Instead of one as the controller makes it. */
  readonly certificate?: Certificate;
  /** `plain`: without TLS. */
  readonly transport?: 'tls' | 'plain';
  /** A tick follows upon another one after so many milliseconds; left out, the test ticks. */
  readonly tickMs?: number;
  /** What a machine is; a process with an SSH server when left out. */
  readonly startGuest?: WorkerHost['startGuest'];
}

export async function orchardHost(options: OrchardHostOptions = {}): Promise<OrchardHost> {
  const { images = ['golden'], toolDirs = [], knobs = {}, transport = 'tls', tickMs } = options;
  const { workers = [{ name: 'mac-01' }, { name: 'mac-02' }] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'perry-orchard-'));
  const keyFolder = await mkdtemp(join(tmpdir(), 'perry-orchard-key-'));
  const userKeyFile = join(keyFolder, 'key');
  await writeFile(userKeyFile, userKey.privateKey, { mode: 0o600 });
  const cluster = new Cluster({
    ...{ folder, images, toolDirs, workers, knobs },
    startGuest: options.startGuest ?? startGuest,
  });
  cluster.accounts.set(ACCOUNT.name, { ...ACCOUNT, roles: ROLES });
  made ??= controllerCertificate();
  const { certificate = made } = options;
  const tls = transport === 'tls' ? certificate : undefined;
  let controller: Controller = await startController(cluster, tls);
  const clock = tickMs === undefined ? undefined : setInterval(() => void cluster.tick(), tickMs);
  return {
    ...{ folder, userKeyFile, cluster, knobs: cluster.knobs, certificate: certificate.cert },
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${controller.port}`,
    tick: () => cluster.tick(),
    pidOf: (name) => {
      const vm = cluster.read(name);
      const guest = cluster.workerOf(vm)?.guestOf(vm.uid);
      if (!guest) throw new Error(`${name} does not run`);
      return guest.pid;
    },
    restart: async (whileAway = async () => {}, certificate = tls) => {
      const { port } = controller;
      await controller.stop();
      await whileAway();
      controller = await startController(cluster, tls && certificate, port);
    },
    expectNothingLeft: async () => {
      expect(cluster.violations).toEqual([]);
      expect([...cluster.vms.keys()], 'machines').toEqual([]);
      await cluster.tick();
      await vi.waitFor(() => expect(processesOf(folder), 'processes').toEqual([]), 10_000);
    },
    remove: async () => {
      clearInterval(clock);
      await controller.stop();
      await cluster.stop();
      for (const made of [folder, keyFolder]) await rm(made, { recursive: true, force: true });
    },
  };
}
