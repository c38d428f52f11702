import { repeatedKeys, type Tree } from './tree.ts';

/**
 * What may keep CoreUI from finding an entry of a tree: it searches by halves, in the keys that a leaf repeats.
 *
 * @param keys - of all entries in their order; absent for numbers
 */
export function treeProblems(tree: Tree, keys?: readonly Buffer[]): string[] {
  const { name, entries, declaredEntries, pageBytes, leaves } = tree;
  const problems: string[] = [];
  if (declaredEntries !== entries.length)
    problems.push(`The tree ${name} counts ${declaredEntries} entries, and has ${entries.length}.`);
  if (leaves.some(({ bytes }) => bytes.length < pageBytes))
    problems.push(`A node of the tree ${name} is shorter than its page of ${pageBytes} bytes.`);
  if (!areLinked(tree)) problems.push(`The leaves of the tree ${name} are not linked to each other.`);
  if (!(keys ? areSorted(keys) : areAscending(tree)))
    problems.push(`The keys of the tree ${name} are out of order.`);
  if (keys && !areRepeated(tree, keys)) problems.push(`A leaf of the tree ${name} does not repeat its keys.`);
  return problems;
}

const areLinked = ({ leaves }: Tree): boolean =>
  leaves.every(
    ({ next, previous }, index) =>
      next === (leaves[index + 1]?.block ?? 0) && previous === (leaves[index - 1]?.block ?? 0),
  );

const areSorted = (keys: readonly Buffer[]): boolean =>
  keys.every((key, index) => index === 0 || (keys[index - 1] as Buffer).compare(key) < 0);

const areAscending = ({ entries }: Tree): boolean =>
  entries.every(({ key }, index) => index === 0 || (entries[index - 1]?.key ?? 0) < key);

function areRepeated(tree: Tree, keys: readonly Buffer[]): boolean {
  let first = 0;
  for (const leaf of tree.leaves) {
    const wanted = keys.slice(first, first + leaf.pairs.length);
    first += leaf.pairs.length;
    const repeated = repeatedKeys(tree, leaf);
    if (repeated && !wanted.every((key, index) => repeated[index]?.equals(key))) return false;
  }
  return true;
}
