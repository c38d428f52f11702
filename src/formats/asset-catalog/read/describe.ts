import { APPEARANCE } from './attributes.ts';
import type { Catalog } from './catalog.ts';
import { iconProblems } from './icon-problems.ts';
import { appearanceOf, type CatalogIcon, encodingOf, iconsOf, idiomOf } from './icons.ts';
import { catalogProblems } from './problems.ts';

const MAX_NAMES = 200;
const MAX_NAME_CHARACTERS = 100;
const MAX_PICTURES = 60;

/** What is in a compiled catalog, for a person or a program that looks at the app; lists are cut, counts are not. */
export interface CatalogFacts {
  /** `ios` or `macosx`; older catalogs do not say it. */
  readonly platform?: string;
  readonly minimumOs?: string;
  /** The tool that wrote it, in its own words. */
  readonly tool: string;
  readonly coreUiVersion: number;
  readonly nameCount: number;
  readonly names: readonly string[];
  readonly renditionCount: number;
  readonly idioms: readonly string[];
  readonly appearances: readonly string[];
  /** How many renditions are stored in each way. */
  readonly encodings: Readonly<Record<string, number>>;
  readonly icons: readonly IconFacts[];
}

export interface IconFacts {
  readonly name: string;
  /** Drawn from layers of Icon Composer, on systems that can. */
  readonly layered: boolean;
  /** Sizes in points, by idiom. */
  readonly sizes: readonly { readonly idiom: string; readonly points: readonly string[] }[];
  readonly pictureCount: number;
  readonly pictures: readonly PictureFacts[];
}

export interface PictureFacts {
  readonly idiom: string;
  readonly scale: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly appearance?: string;
  readonly encoding: string;
}

/** The facts, and where the catalog disagrees with itself. @throws ShipError ASSET_CATALOG_MALFORMED */
export function describeCatalog(catalog: Catalog): { facts: CatalogFacts; problems: readonly string[] } {
  const { header, metadata, facets, renditions } = catalog;
  const icons = iconsOf(catalog);
  const names = facets?.rows ?? [];
  const facts = {
    ...(metadata && { platform: metadata.platform, minimumOs: metadata.minimumOs }),
    tool: header.version,
    coreUiVersion: header.coreUiVersion,
    nameCount: names.length,
    names: names.slice(0, MAX_NAMES).map(({ name }) => short(name)),
    renditionCount: renditions.tree.entries.length,
    ...usedIn(catalog),
    icons: icons.map(iconFacts),
  };
  return { facts, problems: [...catalogProblems(catalog), ...iconProblems(catalog, icons)] };
}

function usedIn(catalog: Catalog): Pick<CatalogFacts, 'idioms' | 'appearances' | 'encodings'> {
  const [idioms, appearances] = [new Set<string>(), new Set<string>()];
  const encodings = new Map<string, number>();
  for (const rendition of catalog.renditions.rows) {
    idioms.add(idiomOf(rendition.key));
    const appearance = appearanceOf(catalog, rendition.key.get(APPEARANCE) ?? 0);
    if (appearance !== undefined) appearances.add(appearance);
    const encoding = encodingOf(catalog, rendition);
    encodings.set(encoding, (encodings.get(encoding) ?? 0) + 1);
  }
  return {
    idioms: [...idioms].slice(0, MAX_NAMES),
    appearances: [...appearances].slice(0, MAX_NAMES).map(short),
    encodings: Object.fromEntries([...encodings].slice(0, MAX_NAMES)),
  };
}

const short = (name: string): string => name.slice(0, MAX_NAME_CHARACTERS);

const iconFacts = ({ name, layered, sizes, pictures }: CatalogIcon): IconFacts => ({
  name: short(name),
  layered,
  sizes: sizes.map(({ idiom, sizes: listed }) => ({
    idiom,
    points: listed.map(({ width, height }) => `${width}x${height}`),
  })),
  pictureCount: pictures.length,
  pictures: pictures.slice(0, MAX_PICTURES).map(({ index: _, rendition: __, ...facts }) => facts),
});
