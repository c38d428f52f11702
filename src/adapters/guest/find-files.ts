import type { GuestSession } from './guest.ts';
import { transferFailed } from './guest-path.ts';
import { word } from './remote-tar.ts';
import { shellLine } from './ssh/quote.ts';
import { wordBatches } from './ssh/word-batches.ts';

const MAX_FILES_PER_COMMAND = 100;

/** `[ -f` follows links, which are no files of their own. */
const LETTERS = 'for name do [ -f "$name" ] && [ ! -L "$name" ] && printf y || printf n; done';

/**
 * Which of some files are there. The answer of a guest is one letter a file: it cannot name others.
 *
 * @param among - relative to `remoteDir`
 * @throws ShipError GUEST_TRANSFER_FAILED
 */
export async function findFiles(
  session: GuestSession,
  options: { readonly remoteDir: string; readonly among: readonly string[]; readonly signal: AbortSignal },
): Promise<string[]> {
  const { remoteDir, among, signal } = options;
  const found: string[] = [];
  for (const paths of wordBatches(among, MAX_FILES_PER_COMMAND)) {
    const words = paths.map((path) => `./${path}`);
    const command = shellLine(`cd ${word(remoteDir)} && { ${LETTERS}; }`, words);
    const { exitCode, stdout, stderr } = await session.exec(command, { signal });
    if (exitCode !== 0) throw transferFailed('Looking for files of the machine', stderr, exitCode);
    found.push(...paths.filter((_, index) => stdout[index] === 'y'));
  }
  return found;
}
