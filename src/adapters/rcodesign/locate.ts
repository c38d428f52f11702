import { cacheFolder } from '../../cache-folder.ts';
import { ShipError } from '../../errors.ts';
import { buildFromSource } from './build-from-source.ts';
import { cachedProgram, installInto } from './cache.ts';
import { type Environment, findOnPath, probe } from './probe.ts';
import { type PinnedRelease, pinnedRelease, rcodesignVersion, versionLine } from './release.ts';

export interface RcodesignTool {
  /** Absolute. */
  readonly path: string;
  readonly version: string;
  readonly source: 'setting' | 'path' | 'cache' | 'release' | 'cargo';
}

export interface LocateOptions {
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Lines for a person who waits; a build from source takes minutes. */
  readonly onProgress: (line: string) => void;
  /** The archive to download; the pinned one for this machine when left out. */
  readonly release?: PinnedRelease | undefined;
}

/**
 * Finds rcodesign, or gets it: `PERRY_RCODESIGN`, then PATH, then our cache; else the pinned release archive is
 * downloaded into the cache, and where that cannot be reached cargo builds the same version there.
 *
 * @throws ShipError RCODESIGN_UNUSABLE (the setting names something else) · RCODESIGN_MISSING (no way worked) ·
 *   the signal's reason when aborted
 */
export async function locateRcodesign(options: LocateOptions): Promise<RcodesignTool> {
  return (
    (await fromSetting(options)) ??
    (await fromPath(options)) ??
    (await fromCache(options)) ??
    (await obtain(options))
  );
}

const found = (path: string, source: RcodesignTool['source']): RcodesignTool => ({
  path,
  version: rcodesignVersion,
  source,
});

async function fromSetting({ env, signal }: LocateOptions): Promise<RcodesignTool | undefined> {
  const path = env.PERRY_RCODESIGN;
  if (!path) return undefined;
  const { usable, answer } = await probe(path, signal);
  if (usable) return found(path, 'setting');
  throw new ShipError('RCODESIGN_UNUSABLE', {
    summary: 'The program that PERRY_RCODESIGN names cannot be used.',
    reason: `Asked for its version it should answer "${versionLine}" and did not.`,
    nextStep: `Set PERRY_RCODESIGN to the absolute path of rcodesign ${rcodesignVersion}, or unset it.`,
    detail: { path, answer },
  });
}

async function fromPath({ env, signal, onProgress }: LocateOptions): Promise<RcodesignTool | undefined> {
  const path = await findOnPath('rcodesign', env);
  if (!path) return undefined;
  const { usable, answer } = await probe(path, signal);
  if (usable) return found(path, 'path');
  onProgress(`rcodesign on PATH is passed over: it says "${answer}", wanted is "${versionLine}"`);
  return undefined;
}

async function fromCache({ env, signal }: LocateOptions): Promise<RcodesignTool | undefined> {
  const path = cachedProgram(cacheFolder(env));
  return (await probe(path, signal)).usable ? found(path, 'cache') : undefined;
}

async function obtain(options: LocateOptions): Promise<RcodesignTool> {
  const { env, signal, onProgress, release = pinnedRelease() } = options;
  const failures: string[] = [];
  const attempt = async (source: 'release' | 'cargo', fill: (folder: string) => Promise<void>) => {
    try {
      return found(await installInto(cacheFolder(env), fill, signal), source);
    } catch (thrown) {
      signal.throwIfAborted();
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      failures.push(`${source}: ${reason}`);
      onProgress(`rcodesign by ${source}: ${reason}`);
      return undefined;
    }
  };
  const downloaded = release && (await attempt('release', download(release, options)));
  return downloaded ?? (await attempt('cargo', build(options))) ?? giveUp(failures);
}

const download =
  (release: PinnedRelease, { signal, onProgress }: LocateOptions) =>
  async (folder: string): Promise<void> => {
    onProgress(`downloading rcodesign ${rcodesignVersion} from ${new URL(release.url).host}`);
    // it unpacks archives: loaded only where there is no rcodesign yet
    const { fetchRelease } = await import('./fetch-release.ts');
    return fetchRelease(release, folder, signal);
  };

const build =
  ({ env, signal, onProgress }: LocateOptions) =>
  (folder: string): Promise<void> => {
    onProgress(`building rcodesign ${rcodesignVersion} with cargo, once; this takes some minutes`);
    return buildFromSource(folder, env, signal, onProgress);
  };

const giveUp = (failures: readonly string[]): never => {
  throw new ShipError('RCODESIGN_MISSING', {
    summary: `rcodesign ${rcodesignVersion} is not on this machine, and could not be fetched.`,
    reason: 'Neither the download of its release nor a build with cargo worked.',
    nextStep: `Install it with "cargo install --locked apple-codesign --version ${rcodesignVersion}" (Rust: https://rustup.rs), or set PERRY_RCODESIGN to its absolute path.`,
    detail: { failures },
  });
};
