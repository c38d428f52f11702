import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, posix, sep } from 'node:path';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import type { TreeEntry } from '../disk/tree.ts';

/**
 * Finds the links that lead out of the bundle: by their text, and, where they lead somewhere, by what the disk says
 * (a chain of links can leave although each text alone stays inside).
 *
 * @returns a BUNDLE_LINK_OUTSIDE for each
 */
export async function linksOutside(appPath: string, tree: readonly TreeEntry[]): Promise<ShipError[]> {
  const found: ShipError[] = [];
  const root = await realpath(appPath);
  for (const { path, type, linkTarget = '' } of tree) {
    if (type !== 'symlink') continue;
    const resolved = posix.join(posix.dirname(path), linkTarget);
    const leavesByText = isAbsolute(linkTarget) || resolved === '..' || resolved.startsWith('../');
    const real = await realpath(join(appPath, path)).catch(() => root);
    if (leavesByText || !(real === root || real.startsWith(`${root}${sep}`)))
      found.push(outside(path, linkTarget));
  }
  return found;
}

/** Links that lead nowhere, also those that lead to themselves. */
export async function danglingLinks(appPath: string, tree: readonly TreeEntry[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path, type } of tree) {
    if (type !== 'symlink') continue;
    const leads = await stat(join(appPath, path)).catch(() => undefined);
    if (!leads) found.push(path);
  }
  return found;
}

const outside = (path: string, target: string): ShipError =>
  new ShipError('BUNDLE_LINK_OUTSIDE', {
    summary: `The symbolic link ${shown(path)} leads out of the bundle.`,
    reason: `It points to ${shown(target)}.`,
    nextStep:
      'Make the link relative with its target inside the bundle, or replace it by a copy, then build again.',
  });
