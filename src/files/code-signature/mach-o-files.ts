import { ShipError } from '../../errors.ts';
import { hasMachOMagic, inspectMachO } from '../../formats/macho/index.ts';
import type { BundleTree } from './bundle-tree.ts';
import { forEachBounded } from './file-digests.ts';
import { type SignedFile, withSignedFile } from './signed-file.ts';

const FILES_AT_ONCE = 8;
const MAGIC_BYTES = 4;
/** Nothing that runs: sealed as resources, and signed by nobody. */
const NEVER_RUN: readonly string[] = ['object', 'dsym'];

/**
 * The paths of all code, whatever it is called. What begins like a Mach-O file and is none, or is a damaged one, is
 * not: the seal around it covers its bytes.
 */
export async function findMachOFiles(
  tree: BundleTree,
  { signal, noCode }: { readonly signal: AbortSignal; readonly noCode?: ReadonlySet<string> },
): Promise<Set<string>> {
  const found = new Set<string>();
  const candidates = [...tree.entries].filter(
    ({ type, sizeBytes, path }) => type === 'file' && sizeBytes >= MAGIC_BYTES && !noCode?.has(path),
  );
  await forEachBounded(candidates, FILES_AT_ONCE, async ({ path }) => {
    signal.throwIfAborted();
    if (await withSignedFile(tree.absolute(path), isCode)) found.add(path);
  });
  return found;
}

async function isCode(file: SignedFile): Promise<boolean> {
  if (!hasMachOMagic(await file.read(0, MAGIC_BYTES))) return false;
  try {
    const macho = await inspectMachO(file, { name: '' });
    return macho?.slices.some(({ fileType }) => !NEVER_RUN.includes(fileType)) ?? false;
  } catch (error) {
    if (error instanceof ShipError && error.code === 'MACHO_INVALID') return false;
    throw error;
  }
}
