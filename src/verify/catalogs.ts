import { ShipError } from '../errors.ts';
import { withCatalogFile } from '../files/asset-catalog/open.ts';
import type { BundleTree } from '../files/code-signature/bundle-tree.ts';
import { nextInTurn } from '../files/disk/small-file.ts';
import { readCatalog } from '../formats/asset-catalog/read/catalog.ts';
import { describeCatalog } from '../formats/asset-catalog/read/describe.ts';
import type { CatalogSummary } from './report.ts';

/** Apps with many extensions and resource bundles have some dozens. */
const MAX_CATALOGS = 100;
/** Of all catalogs together, as JSON: a report is one message from the process that reads the artifact. */
const MAX_SHOWN_CHARACTERS = 256 * 1024;
/** One line for each; the rest is counted. */
const MAX_PROBLEMS = 10;
const MAX_WARNINGS = 100;

export interface CatalogsReport {
  readonly catalogs: readonly CatalogSummary[];
  readonly warnings: readonly string[];
}

/** Looks into every compiled asset catalog of a bundle. A catalog is sealed like any file: what is odd is no finding. */
export async function readCatalogs(tree: BundleTree, signal: AbortSignal): Promise<CatalogsReport> {
  const places = [...tree.entries].filter(({ type, path }) => type === 'file' && IS_CATALOG.test(path));
  const catalogs: CatalogSummary[] = [];
  const warnings: string[] = [];
  let room = MAX_SHOWN_CHARACTERS;
  for (const { path, sizeBytes } of places.slice(0, MAX_CATALOGS)) {
    signal.throwIfAborted();
    await nextInTurn();
    const { facts, problems } = look(tree.absolute(path));
    room -= JSON.stringify(facts ?? '').length;
    if (facts && room >= 0) catalogs.push({ path, sizeBytes, ...facts });
    warnings.push(
      ...named(path, facts && room < 0 ? [...problems, 'There is too much in it to show.'] : problems),
    );
  }
  const more = places.length - MAX_CATALOGS;
  const left = more > 0 ? [`${more} more asset catalogs were not looked into.`] : [];
  return { catalogs, warnings: [...warnings.slice(0, MAX_WARNINGS), ...left] };
}

const IS_CATALOG = /(?:^|\/)Assets\.car$/;

function look(path: string): Partial<ReturnType<typeof describeCatalog>> & { problems: readonly string[] } {
  try {
    return withCatalogFile(path, (source) => describeCatalog(readCatalog(source)));
  } catch (error) {
    if (error instanceof ShipError) return { problems: [`It cannot be read. ${error.failure.reason}`] };
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return { problems: [`It cannot be read: the operating system says ${code ?? 'nothing more'}.`] };
  }
}

function named(path: string, problems: readonly string[]): string[] {
  const more = problems.length - MAX_PROBLEMS;
  return [
    ...problems.slice(0, MAX_PROBLEMS).map((problem) => `"${path}": ${problem}`),
    ...(more > 0 ? [`"${path}": and ${more} more of that kind.`] : []),
  ];
}
