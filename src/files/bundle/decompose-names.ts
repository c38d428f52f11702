import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { baseOf, joined, parentOf } from '../../domain/bundle/nested-places.ts';
import { decompose } from '../../formats/hfsplus/names.ts';
import {
  buildPlist,
  type ParseOptions,
  parsePlistDict,
  plistFormat,
  stringAt,
} from '../../formats/plist/index.ts';
import type { PlistBudget } from '../../formats/plist/limits.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { readPlainFile, replaceFile } from './plain-file.ts';
import { ReadingBudget } from './reading-budget.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;
const EXECUTABLE_KEY = 'CFBundleExecutable';
const PLAIN_NAME = /^\p{ASCII}*$/u;
/** What a file system of Linux holds; a name that grows beyond it stays as it is. */
const MAX_NAME_BYTES = 255;

/**
 * Gives the files of a macOS bundle the names that they will have on an HFS+ volume: with accents taken apart. A Mac
 * compares the names in a seal with those on the disk unit by unit, so that a seal over composed names is broken on
 * the disk image, and in every copy that the Finder makes from it. What links and Info.plists say of them follows.
 *
 * @param listed - the bundle as it is, when the caller knows
 * @returns the bundle as it is then
 */
export async function decomposeNames(
  appPath: string,
  listed?: readonly TreeEntry[],
): Promise<readonly TreeEntry[]> {
  const tree = listed ?? (await listTree(appPath));
  if (tree.every(({ path }) => PLAIN_NAME.test(path)) || hasTwins(tree)) return tree;
  const budget = new ReadingBudget().plist;
  for (const { path } of tree.filter(isInfoPlist)) await decomposeExecutable(appPath, path, budget);
  for (const link of tree) await decomposeTarget(appPath, link);
  for (const { path } of tree.toReversed()) await decomposeName(appPath, path);
  return listTree(appPath);
}

/** Two files would become one; whoever packs the bundle says so. */
const hasTwins = (tree: readonly TreeEntry[]): boolean =>
  new Set(tree.map(({ path }) => decompose(path))).size < tree.length;

async function decomposeTarget(appPath: string, { path, linkTarget }: TreeEntry): Promise<void> {
  const target = linkTarget?.split('/').map(nameOnVolume).join('/');
  if (target === undefined || target === linkTarget) return;
  await rm(join(appPath, path));
  await symlink(target, join(appPath, path));
}

/** Children come before their folders, so that the path up to here still is the old one. */
async function decomposeName(appPath: string, path: string): Promise<void> {
  const name = nameOnVolume(baseOf(path));
  if (name !== baseOf(path)) await rename(join(appPath, path), join(appPath, joined(parentOf(path), name)));
}

function nameOnVolume(name: string): string {
  const decomposed = decompose(name);
  return Buffer.byteLength(decomposed) > MAX_NAME_BYTES ? name : decomposed;
}

const isInfoPlist = ({ path, type }: TreeEntry): boolean => type === 'file' && baseOf(path) === 'Info.plist';

/** One that cannot be read, or is one too many, is left to the survey, which says why. */
async function decomposeExecutable(appPath: string, path: string, budget: PlistBudget): Promise<void> {
  if (budget.isSpent) return;
  const bytes = (await readPlainFile(appPath, path, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
  const info = readable(bytes, { name: path, budget });
  const executable = info && stringAt(info, EXECUTABLE_KEY);
  if (!info || executable === undefined || nameOnVolume(executable) === executable) return;
  info[EXECUTABLE_KEY] = nameOnVolume(executable);
  await replaceFile(appPath, path, buildPlist(info, plistFormat(bytes), { name: path }));
}

function readable(bytes: Buffer, options: ParseOptions): ReturnType<typeof parsePlistDict> | undefined {
  try {
    return parsePlistDict(bytes, options);
  } catch {
    return undefined;
  }
}
