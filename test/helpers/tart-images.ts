import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { expect, vi } from 'vitest';
import { makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import type { PinnedRelease } from '../../src/adapters/rcodesign/release.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { ImageMaker } from '../../src/golden-image/kinds.ts';
import type { BuildSettings } from '../../src/golden-image/tart/build.ts';
import { createTartMaker } from '../../src/golden-image/tart/maker.ts';
import { type Knobs, makeImage, SSH_PORT, type TartHost, tartHost } from '../tart-emulator/host.ts';

/** Programs of macOS for the guests of the emulator. */
const GUEST_TOOLS = new URL('../tart-emulator/guest-tools', import.meta.url).pathname;
export const REGISTRY_BASE = 'ghcr.io/cirruslabs/macos-sequoia-base:latest';

/** Deadlines short enough for a test, long enough for a guest that is well on a busy host. */
const vmLimits = {
  ...{ cloneTimeout: 15_000, bootTimeout: 15_000, locateTimeout: 15_000, connectTimeout: 20_000 },
  ...{ locatePause: 20, connectPause: 50, slotPause: 100, shutDownTimeout: 20_000, deletePause: 100 },
};

/** A Mac on which golden images are built: `golden` is a stopped machine that can be a base. */
export interface ImageHostForTests {
  readonly host: TartHost;
  readonly env: NodeJS.ProcessEnv;
  readonly key: { readonly file: string; readonly privateKey: string };
  readonly release: PinnedRelease;
  /** What was said on the way. */
  readonly lines: string[];
  maker(env?: NodeJS.ProcessEnv, settings?: BuildSettings): ImageMaker;
  build(wish?: Readonly<Record<string, unknown>>, more?: BuildOptions): ReturnType<ImageMaker['build']>;
  /** Fails when anything of a build is left but these machines. */
  expectOnly(machines: readonly string[]): Promise<void>;
  /** A file that a guest of `image` finds in its home folder. */
  putInto(image: string, path: string, text: string, mode?: number): Promise<void>;
}

interface BuildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly settings?: BuildSettings;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

export async function imageHost(knobs: Knobs = {}): Promise<ImageHostForTests> {
  const host = await tartHost({ toolDirs: [GUEST_TOOLS], knobs });
  const { folder, home, tart } = host;
  const lines: string[] = [];
  const key = { file: join(folder, 'key'), privateKey: makeSshKeyPair().privateKey };
  await writeFile(key.file, key.privateKey, { mode: 0o600 });
  const env = {
    ...{ HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), PERRY_LOG_LEVEL: 'silent' },
    ...{ PERRY_VM_DRIVER: 'tart', PERRY_TART_BINARY: tart, TART_HOME: home },
    ...{ PERRY_TART_SSH_PORT: String(SSH_PORT), PERRY_MIN_FREE_DISK_GB: '0' },
    PERRY_STATE_DIR: join(folder, 'state'),
  };
  const release = await archiveInCache(join(folder, 'cache', 'perry-ship'));
  const maker: ImageHostForTests['maker'] = (more = {}, settings = {}) => {
    const own = { ...env, ...more };
    return createTartMaker({ config: loadConfig(own).config, env: own }, { release, vmLimits, ...settings });
  };
  return {
    ...{ host, env, key, release, lines, maker },
    build: (wish = {}, { env: more, settings, signal, onLine } = {}) =>
      maker(more, settings).build(
        { name: 'fresh', force: false, from: 'golden', ...wish },
        {
          signal: signal ?? new AbortController().signal,
          onProgress: (line) => {
            lines.push(line);
            onLine?.(line);
          },
        },
      ),
    expectOnly: async (machines) => {
      await vi.waitFor(
        async () => {
          expect([...(await host.machines())].sort()).toEqual([...machines].sort());
          expect(await readdir(join(home, 'tmp')).catch(() => [])).toEqual([]);
        },
        { timeout: 10_000, interval: 20 },
      );
      const left = await readdir(join(folder, 'state', 'image-build')).catch(() => []);
      expect(
        left.filter((name) => name !== 'journal'),
        'workspaces',
      ).toEqual([]);
    },
    putInto: async (image, path, text, mode = 0o644) => {
      const file = join(home, 'vms', image, 'disk.img');
      const disk = JSON.parse(await readFile(file, 'utf8'));
      const files = { ...disk.files, [path]: { mode, base64: Buffer.from(text).toString('base64') } };
      await writeFile(file, JSON.stringify({ ...disk, files }));
    },
  };
}

/** An archive of the form of the release; its program answers for its version and nothing else. */
async function archiveInCache(cache: string): Promise<PinnedRelease> {
  const folder = join(cache, 'made', 'apple-codesign-0.29.0-aarch64-apple-darwin');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rcodesign'), '#!/bin/sh\necho "apple-codesign 0.29.0"\n', { mode: 0o755 });
  const file = join(cache, 'apple-codesign-0.29.0-aarch64-apple-darwin.tar.gz');
  await create({ file, gzip: true, cwd: join(cache, 'made') }, [
    'apple-codesign-0.29.0-aarch64-apple-darwin',
  ]);
  const sha256Hex = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return { url: `http://127.0.0.1:9/${file.split('/').at(-1)}`, sha256Hex };
}

/** Puts a base image where `tart pull` finds it. */
export async function publish(home: string): Promise<void> {
  const place = join(home, '.emulator', 'registry', 'ghcr.io', 'cirruslabs', 'macos-sequoia-base', 'latest');
  await makeImage(home, 'published', [GUEST_TOOLS]);
  await mkdir(join(place, '..'), { recursive: true });
  await cp(join(home, 'vms', 'published'), place, { recursive: true });
  await rm(join(home, 'vms', 'published'), { recursive: true });
}
