import { copyFile, link, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, RecalledArtifact } from '../../machines/contracts/job.ts';
import { digestOfFile } from '../files/disk/digested-file.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { recordsIn } from './records.ts';

/**
 * Signed artifacts that are on their way through Apple's notary service, one for each job: the last one that is
 * submitted. Signing again would make another file, and so another submission: a daemon that was killed meanwhile goes
 * on with the file that Apple has. No secrets.
 */
export interface KeptArtifacts {
  /**
   * The file itself where it can be linked, and a copy of it elsewhere. It takes the place of the one that was kept
   * before when its record is written, and not sooner.
   */
  keep(key: string, kept: RecalledArtifact, path: string): Promise<void>;
  /** Puts the file of a previous process there; `undefined` when there is none, or it is not what it was. */
  takeOut(key: string, path: string, signal: AbortSignal): Promise<RecalledArtifact | undefined>;
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
  const find = async (key: string) => recalledIn((await records.get(key)) ?? {});
  const removeOthers = async (kept: readonly string[], prefix = ''): Promise<void> => {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith(SUFFIX)))
      if (!kept.includes(name)) await rm(join(folder, name), { force: true });
  };
  return {
    keep: async (key, { artifact: { name, sizeBytes, sha256Hex }, acceptedAs }, path) => {
      const fileName = fileNameOf(key, sha256Hex);
      await makeFolder(folder, 0o700);
      await rm(join(folder, fileName), { force: true });
      await linkOrCopy(path, join(folder, fileName));
      await records.put(key, { name, sizeBytes, sha256Hex, acceptedAs });
      await removeOthers([fileName], `${key}-`);
    },
    takeOut: async (key, path, signal) => {
      const kept = await find(key);
      if (!kept) return undefined;
      await linkOrCopy(join(folder, fileNameOf(key, kept.artifact.sha256Hex)), path);
      const { sha256Hex } = await digestOfFile(path, signal);
      if (sha256Hex === kept.artifact.sha256Hex) return kept;
      await rm(path, { force: true });
      return undefined;
    },
    forget: async (key) => {
      await removeOthers([], `${key}-`);
      await records.remove(key);
    },
    sweep: async () => {
      await records.forgetOlderThan(KEPT_MS);
      const recorded = (await records.keys()).map(async (key) => {
        const kept = await find(key);
        return kept ? fileNameOf(key, kept.artifact.sha256Hex) : '';
      });
      await removeOthers(await Promise.all(recorded));
    },
  };
}

const fileNameOf = (key: string, sha256Hex: string): string => `${key}-${sha256Hex.slice(0, 16)}${SUFFIX}`;

/** A link costs nothing: what is made of an artifact later is another file of its name. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

function recalledIn({
  acceptedAs,
  ...artifact
}: Readonly<Record<string, unknown>>): RecalledArtifact | undefined {
  if (!isArtifact(artifact) || !Array.isArray(acceptedAs)) return undefined;
  const { name, sizeBytes, sha256Hex } = artifact;
  return {
    artifact: { name, sizeBytes, sha256Hex },
    acceptedAs: acceptedAs.filter((id) => typeof id === 'string'),
  };
}

const isArtifact = (record: Readonly<Record<string, unknown>>): record is Artifact & typeof record =>
  typeof record.name === 'string' &&
  typeof record.sizeBytes === 'number' &&
  typeof record.sha256Hex === 'string';
