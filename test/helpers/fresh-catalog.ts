import type { Catalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import type { Tree } from '../../src/formats/asset-catalog/read/tree.ts';

const next16 = (at: number): number => Math.ceil(at / 16) * 16;
const VARIABLES = [
  'CARHEADER',
  'RENDITIONS',
  'FACETKEYS',
  'APPEARANCEKEYS',
  'KEYFORMAT',
  'EXTENDED_METADATA',
  'BITMAPKEYS',
];

/**
 * How the file differs from what actool lays out anew: header, blocks in the order of their numbers on multiples of
 * 16, variables, index; trees with their root behind the header, and each key before its value.
 */
export function layoutProblems(bytes: Buffer, catalog: Catalog): string[] {
  const { store, facets, appearances, usedValues, renditions } = catalog;
  const trees = [renditions, facets, appearances, usedValues].flatMap((named) => named?.tree ?? []);
  return [
    ...blockProblems(catalog),
    ...indexProblems(bytes, catalog),
    ...trees.flatMap((tree) => treeLayoutProblems(catalog, tree)),
    ...([...store.variables.keys()].join() === VARIABLES.join()
      ? []
      : [`variables ${[...store.variables.keys()].join(', ')}`]),
  ];
}

function blockProblems({ store }: Catalog): string[] {
  const problems: string[] = [];
  let end = 512;
  const numbers = [...store.extents.keys()];
  if (numbers.some((number, place) => number !== place + 1)) problems.push('a number of a block is left out');
  for (const [number, { address, length }] of store.extents) {
    if (address !== next16(end)) problems.push(`block ${number} is at ${address}, not at ${next16(end)}`);
    end = address + length;
  }
  const { variableTable, index } = store;
  if (variableTable.address !== next16(end)) problems.push(`the variables are at ${variableTable.address}`);
  const tableEnd = variableTable.address + variableTable.length;
  if (index.address !== next16(tableEnd)) problems.push(`the index is at ${index.address}`);
  return problems;
}

function indexProblems(bytes: Buffer, { store }: Catalog): string[] {
  const { index, extents, declaredBlocks } = store;
  const slots = bytes.readUInt32BE(index.address);
  const wanted = Math.max(256, Math.ceil((extents.size + 1) / 8) * 8);
  const freeList = bytes.subarray(index.address + 4 + slots * 8);
  return [
    ...(slots === wanted ? [] : [`the index has ${slots} slots, not ${wanted}`]),
    ...(index.length === 24 + slots * 8 ? [] : [`the index has ${index.length} bytes`]),
    ...(index.address + index.length === bytes.length ? [] : ['the file goes on behind the index']),
    ...(freeList.equals(Buffer.alloc(20)) ? [] : ['the list of free blocks is not empty']),
    ...(declaredBlocks === extents.size ? [] : [`the header counts ${declaredBlocks} blocks`]),
    ...(bytes.subarray(32, 512).every((byte) => byte === 0) ? [] : ['the rest of the header is not zero']),
  ];
}

function treeLayoutProblems({ store }: Catalog, tree: Tree): string[] {
  const { name, leaves, entries, keyBytes, inlineKeys, pageBytes } = tree;
  const header = store.variables.get(name) ?? 0;
  const problems: string[] = [];
  const say = (problem: string) => problems.push(`${name}: ${problem}`);
  if (store.extent(header, name).length !== 29) say('its header has not 29 bytes');
  if (leaves.length !== 1 || leaves[0]?.block !== header + 1) say('its root does not follow its header');
  if (pageBytes !== (inlineKeys ? 1024 : 4096)) say(`its pages have ${pageBytes} bytes`);
  const lengths = new Set(inlineKeys ? [] : entries.map(({ key }) => store.extent(key, name).length));
  const common = inlineKeys ? 0 : lengths.size === 1 ? [...lengths][0] : 0xffffffff;
  if (keyBytes !== common) say(`its keys are said to have ${keyBytes} bytes, not ${common}`);
  const repeated = lengths.size === 1 ? entries.length * keyBytes : 0;
  if (leaves[0]?.bytes.length !== pageBytes + repeated) say(`its leaf has ${leaves[0]?.bytes.length} bytes`);
  if (!inlineKeys && entries.some(({ key, valueBlock }) => key >= valueBlock))
    say('a key does not stand before its value');
  return problems;
}
