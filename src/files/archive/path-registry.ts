import type { EntryKind } from './archive-entry.ts';
import { macNameKey } from './entry-path.ts';
import { refuseEntry, shown } from './refusals.ts';

interface Claim {
  readonly path: string;
  readonly kind: EntryKind;
  /** False for a folder that is only known from the paths below it; its own entry may still come. */
  readonly declared: boolean;
}

const kindInWords: Record<EntryKind, string> = {
  file: 'file',
  directory: 'folder',
  symlink: 'symbolic link',
};

/** Every path that an archive has used so far, so that none is used twice and nothing is put below a non-folder. */
export class PathRegistry {
  private readonly claims = new Map<string, Claim>();

  /**
   * Takes a path, and with it the folders above.
   *
   * @returns the folders that were not known yet, parents first, the path itself among them if it is a folder
   * @throws ShipError BUNDLE_NAME_COLLISION · BUNDLE_LINK_OUTSIDE (the path goes through a link)
   */
  claim(path: string, kind: EntryKind): string[] {
    const newFolders = this.claimParents(path);
    const known = this.claims.get(macNameKey(path));
    if (known && !mayDeclare(known, path, kind)) throw collision(path, known);
    this.claims.set(macNameKey(path), { path, kind, declared: true });
    return kind === 'directory' && !known ? [...newFolders, path] : newFolders;
  }

  /** True for a path that was taken as a file, spelled the same. */
  hasFile(path: string): boolean {
    const known = this.claims.get(macNameKey(path));
    return known?.kind === 'file' && known.path === path;
  }

  private claimParents(path: string): string[] {
    const newFolders: string[] = [];
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      const known = this.claims.get(macNameKey(folder));
      if (known) {
        assertSameFolder(known, folder, path);
        break; // The folders above it were claimed with it.
      }
      newFolders.push(folder);
    }
    for (const folder of newFolders) {
      this.claims.set(macNameKey(folder), { path: folder, kind: 'directory', declared: false });
    }
    return newFolders.reverse();
  }
}

const mayDeclare = (known: Claim, path: string, kind: EntryKind): boolean =>
  kind === 'directory' && known.kind === 'directory' && !known.declared && known.path === path;

function assertSameFolder(known: Claim, folder: string, path: string): void {
  if (known.kind === 'symlink') {
    const reason = `It lies below ${shown(known.path)}, which is a symbolic link.`;
    throw refuseEntry('BUNDLE_LINK_OUTSIDE', path, reason);
  }
  if (known.kind !== 'directory' || known.path !== folder) throw collision(path, known);
}

function collision(path: string, known: Claim): Error {
  const same = known.path === path ? 'the same name' : 'a name that a Mac takes for the same';
  const reason = path.startsWith(`${known.path}/`)
    ? `It lies below ${shown(known.path)}, which is a ${kindInWords[known.kind]}.`
    : `The ${kindInWords[known.kind]} ${shown(known.path)} has ${same}, in whole or in its folders.`;
  return refuseEntry('BUNDLE_NAME_COLLISION', path, reason);
}
