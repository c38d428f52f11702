import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import { fileNameFault, macNameKey, nameFault } from '../archive/entry-path.ts';
import type { TreeEntry } from '../disk/tree.ts';

/**
 * Items that cannot be sealed or kept on a Mac under their names. Of an archive they have been refused before; a folder
 * of this host may have them.
 *
 * @returns BUNDLE_PATH_UNSAFE · BUNDLE_NAME_COLLISION, the first of each
 */
export function nameFaults(tree: readonly TreeEntry[]): ShipError[] {
  return [unsafeName(tree), collision(tree)].filter((fault) => fault !== undefined);
}

function unsafeName(tree: readonly TreeEntry[]): ShipError | undefined {
  for (const { path, type, linkTarget = '' } of tree) {
    const fault = type === 'file' ? fileNameFault(path) : nameFault(path);
    if (fault !== undefined) return unsafe(`${shown(path)} cannot be sealed under its name.`, fault);
    const targetFault = nameFault(linkTarget);
    if (targetFault !== undefined)
      return unsafe(
        `The symbolic link ${shown(path)} to ${shown(linkTarget)} cannot be sealed.`,
        targetFault,
      );
  }
  return undefined;
}

const unsafe = (summary: string, reason: string): ShipError =>
  new ShipError('BUNDLE_PATH_UNSAFE', { summary, reason, nextStep: 'Rename it, and build again.' });

function collision(tree: readonly TreeEntry[]): ShipError | undefined {
  const seen = new Map<string, string>();
  for (const { path } of tree) {
    const key = macNameKey(path);
    const other = seen.get(key);
    if (other !== undefined)
      return new ShipError('BUNDLE_NAME_COLLISION', {
        summary: `${shown(other)} and ${shown(path)} are one and the same name on a Mac.`,
        reason: 'There, names do not differ by upper and lower case, or by how an accent is written.',
        nextStep: 'Rename or remove one of the two, and build again.',
      });
    seen.set(key, path);
  }
  return undefined;
}
