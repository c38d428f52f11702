import type { WrittenItem } from '../../files/archive/write-watch.ts';
import { listTree, type TreeEntry } from '../../files/disk/tree.ts';
import type { GuestSession } from './guest.ts';
import { transferFailed } from './guest-path.ts';
import { word } from './remote-tar.ts';
import { tarOf } from './send-tar.ts';
import { shellLine } from './ssh/quote.ts';
import { putTar } from './transfer.ts';

export interface SyncTreeOptions {
  readonly sourceDir: string;
  /** A copy of an earlier state of it. */
  readonly remoteDir: string;
  /** What that copy holds, by path. */
  readonly sent: ReadonlyMap<string, WrittenItem>;
  readonly signal: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

/**
 * Makes a copy in the guest equal to its folder on this host, by what has changed since it was sent. What goes is taken
 * away first: a Mac may take its name and a new one for the same.
 *
 * @throws ShipError GUEST_TRANSFER_FAILED · GUEST_LOST
 */
export async function syncTree(session: GuestSession, options: SyncTreeOptions): Promise<void> {
  const { sourceDir, remoteDir, sent, signal, onProgress } = options;
  const { changed, stale } = await changesOf(sourceDir, sent);
  if (stale.length > 0) await removePaths(session, { remoteDir, paths: stale, signal });
  if (changed.length === 0) return;
  const tar = tarOf(sourceDir, changed);
  await putTar(session, { tar, remoteDir, signal, ...(onProgress && { onProgress }) });
}

async function changesOf(sourceDir: string, sent: ReadonlyMap<string, WrittenItem>) {
  const identities = new Map<string, string>();
  const onIdentity = (path: string, identity: string) => void identities.set(path, identity);
  const tree = await listTree(sourceDir, { onIdentity });
  const isSame = (entry: TreeEntry): boolean => {
    const before = sent.get(entry.path);
    if (before?.type !== entry.type || before.mode !== entry.mode) return false;
    return entry.type === 'directory' || before.identity === identities.get(entry.path);
  };
  const changed = tree.filter((entry) => !isSame(entry));
  // a folder that stays has at most another mode, which its entry in the tar gives it
  const kept = new Set(
    tree.filter((entry) => isSame(entry) || isFolder(entry, sent)).map(({ path }) => path),
  );
  return { changed, stale: [...sent.keys()].filter((path) => !kept.has(path)) };
}

const isFolder = (entry: TreeEntry, sent: ReadonlyMap<string, WrittenItem>): boolean =>
  entry.type === 'directory' && sent.get(entry.path)?.type === 'directory';

interface RemovePathsOptions {
  readonly remoteDir: string;
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

/** Files and folders with all in them; what is not there is no error. */
async function removePaths(session: GuestSession, options: RemovePathsOptions): Promise<void> {
  const { remoteDir, paths, signal } = options;
  const stdin = paths.map((path) => `./${path}\0`).join('');
  const command = shellLine(`cd ${word(remoteDir)} && xargs -0 rm -rf --`);
  const { exitCode, stderr } = await session.exec(command, { stdin, signal });
  if (exitCode !== 0) throw transferFailed('Removing files from the machine', stderr, exitCode);
}
