import { looksLikeMachO, MACH_HEADER_BYTES } from '../../domain/code-signature/mach-o-layout.ts';
import type { BundleTree } from './bundle-tree.ts';
import { forEachBounded } from './file-digests.ts';
import { withSignedFile } from './signed-file.ts';

const FILES_AT_ONCE = 8;

/** The paths of all files that start like a Mach-O file, whatever they are called. */
export async function findMachOFiles(tree: BundleTree, signal: AbortSignal): Promise<Set<string>> {
  const found = new Set<string>();
  const candidates = [...tree.entries].filter(
    ({ type, sizeBytes }) => type === 'file' && sizeBytes >= MACH_HEADER_BYTES,
  );
  await forEachBounded(candidates, FILES_AT_ONCE, async ({ path }) => {
    signal.throwIfAborted();
    const head = await withSignedFile(tree.absolute(path), (file) => file.read(0, 8));
    if (looksLikeMachO(head)) found.add(path);
  });
  return found;
}
