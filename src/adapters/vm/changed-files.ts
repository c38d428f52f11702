import { shellLine } from '../ssh/quote.ts';
import type { GuestSession } from './guest.ts';
import { boundedSink } from './guest-output.ts';
import { checkedGuestPath, refused, tooLarge, transferFailed } from './guest-path.ts';
import { word } from './remote-tar.ts';

/**
 * Each regular file below a folder of the guest, with its inode, size and time of last change. What is written
 * later differs in one of them: rcodesign 0.29.0 signs in place, so that inode and size may stay, and the clock of
 * a machine that has just booted may be set back, so that "newer than" would miss files.
 */
export type TreeMarker = ReadonlyMap<string, string>;

export interface TreeMarkerOptions {
  readonly remoteDir: string;
  readonly maxFiles: number;
  readonly signal: AbortSignal;
}

export interface TreeChanges {
  /** New or written since the marker: relative, regular files. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Path, identity and their separators, generously. */
const MAX_BYTES_PER_FILE = 1024;

export async function markTree(session: GuestSession, options: TreeMarkerOptions): Promise<TreeMarker> {
  const { remoteDir, maxFiles, signal } = options;
  const taken: Buffer[] = [];
  const stdout = boundedSink(maxFiles * MAX_BYTES_PER_FILE, async (chunks) => void taken.push(...chunks));
  const { exitCode, stderr } = await session.exec(shellLine(inventoryCommand(remoteDir)), { stdout, signal });
  if (exitCode !== 0) throw transferFailed('Listing the files of the machine', stderr, exitCode);
  return parseInventory(Buffer.concat(taken).toString('utf8'), maxFiles);
}

/** What has changed below the folder since the marker was made. */
export async function listChanged(
  session: GuestSession,
  options: TreeMarkerOptions & { readonly since: TreeMarker },
): Promise<TreeChanges> {
  const now = await markTree(session, options);
  return {
    changed: [...now].flatMap(([path, identity]) => (options.since.get(path) === identity ? [] : [path])),
    removed: [...options.since.keys()].filter((path) => !now.has(path)),
  };
}

/**
 * The names go to stdout twice over: NUL-separated as they are, then one line of facts each, in the same order.
 * GNU stat and busybox: inode, size, change time. BSD stat has other letters for the same and no `-c`.
 */
const inventoryCommand = (remoteDir: string): string =>
  [
    `cd ${word(remoteDir)}`,
    'names=$(mktemp)',
    'find . -type f -print0 > "$names"',
    'cat "$names"',
    "printf '\\0'",
    'if stat -c %i . >/dev/null 2>&1; then set -- -c "%i %s %z"; else set -- -f "%i %z %Fc"; fi',
    'if [ -s "$names" ]; then xargs -0 stat "$@" < "$names"; fi',
    'rm -f "$names"',
  ].join(' && ');

/** `./a\0./b\0\0FACTS OF A\nFACTS OF B\n` */
function parseInventory(text: string, maxFiles: number): TreeMarker {
  const end = text.startsWith('\0') ? 0 : text.indexOf('\0\0');
  if (end < 0) throw refused('its list of files had no end');
  const paths = text
    .slice(0, end)
    .split('\0')
    .filter((path) => path !== '');
  const facts = text
    .slice(end)
    .replace(/^\0+/, '')
    .split('\n')
    .filter((line) => line !== '');
  if (paths.length > maxFiles) throw tooLarge(`A bundle may have ${maxFiles} files`);
  if (paths.length !== facts.length) throw refused('its list of files did not fit together');
  return new Map(
    paths.map((path, index) => [checkedGuestPath(path.replace(/^\.\//, '')), facts[index] ?? '']),
  );
}
