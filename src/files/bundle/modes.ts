import { chmod } from 'node:fs/promises';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { plainPath } from './plain-file.ts';

const PROGRAM_MODE = 0o755;
const FILE_BITS = 0o644;
const FOLDER_BITS = 0o755;

/**
 * Gives back the permissions that an archive lost: programs and Mach-O files 0755, everything else readable by all
 * (the App Store refuses files that are not). Links are neither followed nor changed.
 *
 * @param listed - the bundle as it is, when the caller knows
 * @returns paths whose mode was changed
 */
export async function repairModes(
  appPath: string,
  facts: Pick<BundleFacts, 'executable' | 'nested' | 'machOs'>,
  listed?: readonly TreeEntry[],
): Promise<string[]> {
  const programs = new Set([
    facts.executable,
    ...facts.nested.flatMap(({ executable }) => executable ?? []),
    ...facts.machOs.map(({ path }) => path),
  ]);
  const changed: string[] = [];
  for (const { path, type, mode } of listed ?? (await listTree(appPath))) {
    if (type === 'symlink') continue;
    const wanted = programs.has(path)
      ? PROGRAM_MODE
      : mode | (type === 'directory' ? FOLDER_BITS : FILE_BITS);
    if (wanted === mode) continue;
    await chmod(await plainPath(appPath, path), wanted);
    changed.push(path);
  }
  return changed;
}
