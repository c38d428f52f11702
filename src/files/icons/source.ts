import type { BundleFacts } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { readPlainFile } from '../bundle/plain-file.ts';
import { firstLine, type ImageSize, sizeOfPng } from './image.ts';

/** In order of preference among equals. */
const NAMES = ['Icon-1024.png', 'AppIcon.png', 'icon.png'] as const;
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;
/** Smaller ones are enlarged, and the App Store refuses them. */
export const FULL_PIXELS = 1024;

export interface IconSource {
  /** Relative to the bundle. */
  readonly path: string;
  readonly size: ImageSize;
  readonly bytes: Buffer;
}

export interface FoundSource {
  readonly source?: IconSource;
  /** Every candidate that is there, the unreadable ones too. */
  readonly candidates: readonly string[];
  /** Each begins with a code: ICON_UNREADABLE, ICON_NOT_SQUARE, ICON_TOO_SMALL. */
  readonly warnings: readonly string[];
}

type SourceFacts = Pick<BundleFacts, 'platform' | 'resources'>;

/**
 * Looks for the picture that the icon is drawn from, in the resources and at the top of the bundle: a full-size
 * square one first, then the largest.
 */
export async function findIconSource(appPath: string, facts: SourceFacts): Promise<FoundSource> {
  const folders = [...new Set([facts.resources, ''])];
  return findPicture(
    appPath,
    folders.flatMap((folder) => NAMES.map((name) => joined(folder, name))),
  );
}

/** The best of what lies at these paths: a full-size square picture, then the largest, then the first. */
export async function findPicture(appPath: string, paths: readonly string[]): Promise<FoundSource> {
  let source: IconSource | undefined;
  const candidates: string[] = [];
  const warnings: string[] = [];
  for (const path of paths) {
    try {
      const bytes = await readPlainFile(appPath, path, MAX_SOURCE_BYTES + 1);
      if (!bytes) continue;
      candidates.push(path);
      if (bytes.length > MAX_SOURCE_BYTES) throw new Error(`it is larger than ${MAX_SOURCE_BYTES} bytes`);
      // only one picture at a time is kept in memory
      source = better(source, { path, size: await sizeOfPng(bytes), bytes });
    } catch (error) {
      warnings.push(unreadable(path, error));
    }
  }
  return source
    ? { source, candidates, warnings: [...warnings, ...aboutSize(source)] }
    : { candidates, warnings };
}

export const unreadable = (path: string, error: unknown): string =>
  `ICON_UNREADABLE: ${shown(path)} was not used: ${firstLine(error)}.`;

/** Among equals the order of search decides. */
const better = (present: IconSource | undefined, found: IconSource): IconSource =>
  present && rank(present) >= rank(found) ? present : found;

function rank({ size: { width, height } }: IconSource): number {
  const edge = Math.min(width, height, FULL_PIXELS);
  return edge + (width === height ? FULL_PIXELS : 0);
}

function aboutSize({ path, size: { width, height } }: IconSource): string[] {
  const what = `${shown(path)} has ${width} × ${height} pixels`;
  return [
    ...(width === height ? [] : [`ICON_NOT_SQUARE: ${what}; it was centred on a square.`]),
    ...(Math.min(width, height) >= FULL_PIXELS
      ? []
      : [`ICON_TOO_SMALL: ${what}; the App Store wants ${FULL_PIXELS} × ${FULL_PIXELS}.`]),
  ];
}
