import { listTree, type TreeEntry } from '../../files/disk/tree.ts';
import type { PackedResources } from '../packed-resources.ts';
import { need, type RunResults } from '../run-results.ts';

/** What signing does not change: everything but code and seals. */
export function resourceOf(results: RunResults): (entry: TreeEntry) => boolean {
  const code = new Set(need(results, 'facts').machOs.map(({ path }) => path));
  return ({ path }) => !code.has(path) && !/(^|\/)_CodeSignature(\/|$)/.test(path);
}

export interface ListedTree {
  readonly tree: readonly TreeEntry[];
  readonly identities: ReadonlyMap<string, string>;
}

/** The bundle as it is now. */
export async function listedTree(results: RunResults): Promise<ListedTree> {
  const identities = new Map<string, string>();
  const onIdentity = (path: string, identity: string) => void identities.set(path, identity);
  return { tree: await listTree(need(results, 'found').appPath, { onIdentity }), identities };
}

export const asPacked = (entries: readonly TreeEntry[], { identities }: ListedTree): PackedResources => ({
  packed: new Map(entries.map((entry) => [entry.path, entry])),
  identities,
});

/** Whether what has been packed is as it was then. */
export function isStillRight(begun: PackedResources, { tree, identities }: ListedTree): boolean {
  const now = new Map(tree.map((entry) => [entry.path, entry]));
  return [...begun.packed.values()].every(
    (then) =>
      isSame(then, now.get(then.path)) && begun.identities.get(then.path) === identities.get(then.path),
  );
}

const isSame = (then: TreeEntry, now: TreeEntry | undefined): boolean =>
  now !== undefined &&
  then.type === now.type &&
  then.mode === now.mode &&
  then.sizeBytes === now.sizeBytes &&
  then.linkTarget === now.linkTarget;
