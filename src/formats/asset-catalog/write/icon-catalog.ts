import { BomStore, CATALOG_FORM } from '../../bom/store.ts';
import { appearanceRows } from './appearances.ts';
import { ATTRIBUTES, ELEMENT_OF_ASSETS, keyFormatBlock, PARTS, renditionKey } from './attributes.ts';
import { carHeader, extendedMetadata } from './headers.ts';
import { type IconCatalog, iconRenditions } from './icon-set.ts';
import { identifierOf } from './identifier.ts';
import { usedValues } from './masks.ts';
import { halfWords } from './parts.ts';
import { addNumberTree, addTree } from './tree.ts';

/**
 * Writes a compiled asset catalog (`Assets.car`) with one app icon: what Apple's actool makes of an icon set, but every
 * picture is stored whole, as a gzip member, and not packed with others into one. Equal icons make equal bytes.
 *
 * The blocks have the order that actool gives them.
 *
 * @throws RangeError for pictures that are not square or not of their size, and for more than one catalog can hold
 */
export function writeIconCatalog(catalog: IconCatalog): Buffer {
  const { name, platform, minimumOs, images } = catalog;
  const renditions = iconRenditions(catalog);
  const keyed = renditions.map(({ values, value }) => ({ key: renditionKey(platform, values), value }));
  const used = renditions.map(({ values }) => values);
  const mask = { key: identifierOf(name), value: usedValues(platform, used) };
  const store = new BomStore(CATALOG_FORM);
  store.name('CARHEADER', store.add(carHeader(platform, renditions.length)));
  store.name('RENDITIONS', addTree(store, keyed));
  store.name('FACETKEYS', addTree(store, [{ key: Buffer.from(name, 'utf8'), value: facetOf(name) }]));
  store.name('APPEARANCEKEYS', addTree(store, appearanceRows(platform, images)));
  store.name('KEYFORMAT', store.add(keyFormatBlock(platform)));
  store.name('EXTENDED_METADATA', store.add(extendedMetadata(platform, minimumOs)));
  store.name('BITMAPKEYS', addNumberTree(store, [mask]));
  return Buffer.concat(store.pieces());
}

/** Leads from the name to the renditions: no hot spot, and three attributes. */
function facetOf(name: string): Buffer {
  const { element, part, identifier } = ATTRIBUTES;
  const pairs = [
    [element, ELEMENT_OF_ASSETS],
    [part, PARTS.icon],
    [identifier, identifierOf(name)],
  ];
  return halfWords(0, 0, pairs.length, ...pairs.flat());
}
