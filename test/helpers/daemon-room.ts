import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
} from '../../src/embedded-hub/embedded-hub.ts';
import { type RunningCli, startCli } from '../integration/cli.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';
import { settingsFor, WORKER_SECRET } from './daemon.ts';
import { asText, type SecretWatch, watchCredentials, watchSecrets } from './secret-watch.ts';

/** Each test's own hub, and the daemons of it that the test starts as an operator does. */
export interface DaemonRoom {
  readonly materials: Materials;
  readonly folder: string;
  readonly state: string;
  readonly hub: EmbeddedHub;
  readonly secrets: SecretWatch;
  daemon(more?: Readonly<Record<string, string>>): RunningCli;
  submit(job: JobSubmission): Promise<string>;
  /** Makes the tokens of the hub so far secrets to look for. */
  learnTokens(): void;
}

export interface DaemonRoomOptions {
  readonly settings: Readonly<Record<string, string>>;
  /** Asked when the daemons have ended, before the room goes. */
  readonly expectAtEnd?: () => Promise<void>;
}

/** For all tests of a file: a room is opened before each, and after it no secret may have been seen anywhere. */
export function useDaemonRoom({ settings, expectAtEnd }: DaemonRoomOptions): DaemonRoom {
  let shared: string;
  let materials: Materials;
  let room: OpenRoom;
  beforeAll(async () => {
    shared = await mkdtemp(join(tmpdir(), 'perry-room-'));
    materials = await makeMaterials(join(shared, 'materials'));
  });
  afterAll(() => rm(shared, { recursive: true, force: true }));
  beforeEach(async () => {
    room = await OpenRoom.open(shared, materials, settings);
  });
  afterEach(async () => {
    await room.endDaemons();
    await expectAtEnd?.();
    await room.leave();
  });
  return {
    get materials() {
      return materials;
    },
    get folder() {
      return room.folder;
    },
    get state() {
      return room.state;
    },
    get hub() {
      return room.hub;
    },
    get secrets() {
      return room.secrets;
    },
    daemon: (more) => room.daemon(more),
    submit: (job) => room.submit(job),
    learnTokens: () => room.learnTokens(),
  };
}

class OpenRoom {
  readonly secrets = watchSecrets();
  readonly folder: string;
  readonly state: string;
  readonly hub: EmbeddedHub;
  readonly #env: Readonly<Record<string, string>>;
  readonly #daemons: RunningCli[] = [];

  static async open(shared: string, materials: Materials, settings: Readonly<Record<string, string>>) {
    const folder = await mkdtemp(join(shared, 'room-'));
    await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(folder, name))));
    const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(folder, 'hub') });
    const env = { ...(await settingsFor(hub, folder)), ...settings, TMPDIR: join(folder, 'tmp') };
    const room = new OpenRoom(folder, hub, env);
    room.secrets.add('the worker secret', WORKER_SECRET);
    for (const [name, secret] of Object.entries(materials.secrets)) room.secrets.add(name, secret);
    return room;
  }

  private constructor(folder: string, hub: EmbeddedHub, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.state = join(folder, 'state');
    this.hub = hub;
    this.#env = env;
  }

  daemon(more: Readonly<Record<string, string>> = {}): RunningCli {
    const started = startCli({ ...this.#env, ...more }, 'run');
    this.#daemons.push(started);
    return started;
  }

  async submit(job: JobSubmission): Promise<string> {
    watchCredentials(this.secrets, job);
    const jobId = await this.hub.submitJob(job);
    this.learnTokens();
    return jobId;
  }

  learnTokens(): void {
    for (const { token } of this.hub.assignments) this.secrets.add('a token', token);
  }

  async endDaemons(): Promise<void> {
    for (const daemon of this.#daemons) daemon.signal('SIGKILL');
    await Promise.all(this.#daemons.map(({ ended }) => ended));
  }

  async leave(): Promise<void> {
    const { hub, secrets, folder, state } = this;
    this.learnTokens();
    expect(hub.violations).toEqual([]);
    for (const { jobId } of hub.assignments) secrets.look('messages to the hub', asText(hub.messages(jobId)));
    for (const { lines } of this.#daemons) secrets.look('the output of the daemon', lines.join('\n'));
    await secrets.lookInFiles('state folder', state);
    await secrets.lookInFiles('commands in the guest', join(folder, 'tools'));
    expect(secrets.findings).toEqual([]);
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
