import { counted, plain } from '../text.ts';
import type { CatalogSummary } from './report.ts';

const systems = new Map([
  ['ios', 'iOS'],
  ['macosx', 'macOS'],
]);
const MAX_NAMES = 12;
const MAX_ICONS = 5;
const MAX_ENCODINGS = 8;

/** What is in a compiled asset catalog, for a person: the catalog first, then each app icon, then the names. */
export function catalogLines(catalog: CatalogSummary): string[] {
  const { path, platform, minimumOs, nameCount, renditionCount, tool } = catalog;
  const facts = [
    ...(platform ? [`${systems.get(platform) ?? platform} ${minimumOs} or later`] : []),
    counted(nameCount, 'name'),
    `${counted(renditionCount, 'rendition')} (${encodings(catalog)})`,
    ...(tool ? [`by ${tool}`] : []),
  ];
  return [
    `catalog ${plain(path)}: ${plain(facts.join(', '))}`,
    ...catalog.icons.slice(0, MAX_ICONS).map((icon) => `  ${plain(iconLine(icon))}`),
    ...(nameCount > 0 ? [`  names: ${plain(cut(catalog.names, MAX_NAMES, nameCount).join(', '))}`] : []),
  ];
}

function encodings({ encodings: counts }: CatalogSummary): string {
  const ordered = Object.entries(counts).toSorted(([, left], [, right]) => right - left);
  const parts = ordered.map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? 'none can be read' : cut(parts, MAX_ENCODINGS, parts.length).join(', ');
}

function iconLine({ name, layered, sizes, pictureCount, pictures }: CatalogSummary['icons'][number]): string {
  const listed = sizes.map(({ idiom, points }) => [...(idiom === 'any' ? [] : [idiom]), ...points].join(' '));
  const largest = pictures.reduce((most, { width }) => Math.max(most, width), 0);
  const appearances = [...new Set(pictures.flatMap(({ appearance }) => appearance ?? []))];
  return [
    `app icon "${name}"${layered ? ' (layered)' : ''}`,
    ...(listed.length > 0 ? [`in points ${listed.join('; ')}`] : []),
    `${counted(pictureCount, 'picture')}${largest > 0 ? ` up to ${largest} px` : ''}`,
    ...(appearances.length > 0 ? [`also ${appearances.join(', ')}`] : []),
  ].join(', ');
}

const cut = (items: readonly string[], most: number, count: number): string[] => [
  ...items.slice(0, most),
  ...(count > most ? [`${count - most} more`] : []),
];
