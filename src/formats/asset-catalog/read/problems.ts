import { APPEARANCE, ELEMENT, IDENTIFIER, PART, PREVIOUS_VALUE, SUBTYPE, VALUE } from './attributes.ts';
import type { Catalog } from './catalog.ts';
import { type Facet, identifierOf } from './facets.ts';
import type { Rendition } from './rendition.ts';
import type { Extent, Store } from './store.ts';
import { treeProblems } from './tree-problems.ts';

/** Attributes whose mask is always full, and one whose values stand in a ranking that nobody has described. */
const NOT_IN_MASKS: readonly number[] = [
  ELEMENT,
  PART,
  VALUE,
  APPEARANCE,
  SUBTYPE,
  IDENTIFIER,
  PREVIOUS_VALUE,
];
const MAX_NAMED = 5;

/** Where a catalog disagrees with itself, one sentence each. Tools that thin apps leave some of it in real catalogs. */
export const catalogProblems = (catalog: Catalog): string[] => [
  ...overlapProblems(catalog.store),
  ...allTreeProblems(catalog),
  ...countProblems(catalog),
  ...nameProblems(catalog),
  ...maskProblems(catalog),
];

function overlapProblems({ extents, index, variableTable }: Store): string[] {
  const header: Extent = { address: 0, length: 512 };
  const ordered = [header, index, variableTable, ...extents.values()].toSorted(
    (left, right) => left.address - right.address,
  );
  let end = 0;
  for (const { address, length } of ordered) {
    if (address < end) return ['Some of its blocks lie over each other.'];
    end = address + length;
  }
  return [];
}

function allTreeProblems({ renditions, facets, appearances, usedValues }: Catalog): string[] {
  const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => Buffer.from(name));
  // without the keys of what cannot be read, the others cannot be told from their neighbors
  const keys = renditions.unreadable.length === 0 ? renditions.rows.map(({ key }) => key.bytes) : undefined;
  return [
    ...(keys ? treeProblems(renditions.tree, keys) : []),
    ...(facets ? treeProblems(facets.tree, namesOf(facets.rows)) : []),
    ...(appearances ? treeProblems(appearances.tree, namesOf(appearances.rows)) : []),
    ...(usedValues ? treeProblems(usedValues.tree) : []),
  ];
}

function countProblems({ header, renditions }: Catalog): string[] {
  const { tree, unreadable } = renditions;
  const problems: string[] = [];
  if (header.renditionCount !== tree.entries.length)
    problems.push(
      `Its header counts ${header.renditionCount} renditions, and it has ${tree.entries.length}.`,
    );
  if (unreadable.length > 0)
    problems.push(
      `${unreadable.length} of its ${tree.entries.length} renditions cannot be read. ${unreadable[0]}`,
    );
  return problems;
}

function nameProblems({ facets, renditions, keyFormat }: Catalog): string[] {
  const rows = facets?.rows ?? [];
  if (!keyFormat.includes(IDENTIFIER)) return [];
  const used = new Set(renditions.rows.map(({ key }) => key.get(IDENTIFIER)));
  const [empty, shared] = [rows.filter(({ identifier }) => !used.has(identifier)), sharing(rows)];
  const odd = rows.filter(({ name, identifier }) => identifier !== identifierOf(name));
  return [
    ...said(empty, (names) => `No rendition belongs to ${names}.`),
    ...said(shared, (names) => `One identifier stands for several names: ${names}.`),
    ...said(odd, (names) => `The identifier is not the one that the name stands for: ${names}.`),
  ];
}

function sharing(rows: readonly Facet[]): readonly Facet[] {
  const seen = new Set<number>();
  return rows.filter(({ identifier }) => seen.has(identifier) || !seen.add(identifier));
}

function said(facets: readonly Facet[], sentence: (names: string) => string): string[] {
  if (facets.length === 0) return [];
  const names = facets.slice(0, MAX_NAMED).map(({ name }) => JSON.stringify(name.slice(0, 100)));
  const more = facets.length - names.length;
  return [sentence(more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', '))];
}

/** A rendition with a value that the mask of its name lacks may not be found; a mask that allows more does no harm. */
function maskProblems(catalog: Catalog): string[] {
  const { facets, usedValues, renditions, keyFormat } = catalog;
  if (!facets || !usedValues || !keyFormat.includes(IDENTIFIER)) return [];
  const masks = new Map(usedValues.rows.map((row) => [row.identifier, row.masks]));
  const wrong = new Set<number>();
  for (const { key } of renditions.rows) {
    const identifier = key.get(IDENTIFIER) ?? 0;
    if (!isAllowed(key, masks.get(identifier), keyFormat)) wrong.add(identifier);
  }
  return said(
    facets.rows.filter(({ identifier }) => wrong.has(identifier)),
    (names) => `The table of used values leaves out renditions of ${names}.`,
  );
}

const isAllowed = (
  key: Rendition['key'],
  masks: readonly number[] | undefined,
  keyFormat: readonly number[],
): boolean =>
  masks !== undefined &&
  keyFormat.every((attribute, place) => {
    const value = key.get(attribute) ?? 0;
    if (NOT_IN_MASKS.includes(attribute) || value > 31) return true;
    return ((masks[place] ?? 0) & (1 << value)) !== 0;
  });
