import { copyFile, link, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '../../machines/contracts/job.ts';
import { digestOfFile } from '../files/disk/digested-file.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { recordsIn } from './records.ts';

/**
 * Signed artifacts that are on their way through Apple's notary service. Signing again would make another file, and so
 * another submission: a daemon that was killed meanwhile goes on with the file that Apple has. No secrets.
 */
export interface KeptArtifacts {
  /** The file itself where it can be linked, and a copy of it elsewhere. Its record comes last. */
  keep(key: string, artifact: Artifact, path: string): Promise<void>;
  /** Puts the file of a previous process there; `undefined` when there is none, or it is not what it was. */
  takeOut(key: string, path: string, signal: AbortSignal): Promise<Artifact | undefined>;
  forget(key: string): Promise<void>;
  /** Removes what nobody has asked for in a day, and files without a record. */
  sweep(): Promise<void>;
}

const KEPT_MS = 24 * 3_600_000;
const SUFFIX = '.artifact';

/** In `<stateDir>/journal/artifacts`, a folder that is made when the first one is kept. */
export function keptArtifactsIn(stateDir: string): KeptArtifacts {
  const folder = join(stateDir, 'journal', 'artifacts');
  const records = recordsIn(folder);
  const fileOf = (key: string): string => join(folder, `${key}${SUFFIX}`);
  const forget = async (key: string): Promise<void> => {
    await rm(fileOf(key), { force: true });
    await records.remove(key);
  };
  return {
    keep: async (key, { name, sizeBytes, sha256Hex }, path) => {
      await makeFolder(folder, 0o700);
      await rm(fileOf(key), { force: true });
      await linkOrCopy(path, fileOf(key));
      await records.put(key, { name, sizeBytes, sha256Hex });
    },
    takeOut: async (key, path, signal) => {
      const artifact = artifactIn((await records.get(key)) ?? {});
      if (!artifact) return undefined;
      await linkOrCopy(fileOf(key), path);
      const { sha256Hex } = await digestOfFile(path, signal);
      if (sha256Hex === artifact.sha256Hex) return artifact;
      await rm(path, { force: true });
      return undefined;
    },
    forget,
    sweep: async () => {
      await records.forgetOlderThan(KEPT_MS);
      const kept = new Set((await records.keys()).map((key) => `${key}${SUFFIX}`));
      const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(SUFFIX));
      for (const name of files) if (!kept.has(name)) await rm(join(folder, name), { force: true });
    },
  };
}

/** A link costs nothing; a ticket that is stapled later makes a new file of the other name. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

function artifactIn({ name, sizeBytes, sha256Hex }: Readonly<Record<string, unknown>>): Artifact | undefined {
  const isWhole = typeof name === 'string' && typeof sizeBytes === 'number' && typeof sha256Hex === 'string';
  return isWhole ? { name, sizeBytes, sha256Hex } : undefined;
}
