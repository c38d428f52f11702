import { gunzipSync } from 'node:zlib';
import yauzl from 'yauzl';
import { hasAppIcon } from '../../src/formats/asset-catalog/read/app-icon.ts';
import { type Catalog, readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import type { Rendition } from '../../src/formats/asset-catalog/read/rendition.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { isDict, type PlistDict, type PlistValue, parsePlistDict } from '../../src/formats/plist/index.ts';

export interface StoreError {
  readonly code: string;
  readonly description: string;
}

const PART = 2;
const APPEARANCE = 7;
const DIMENSION_2 = 9;
const IDIOM = 15;
const MARKETING = 6;

/**
 * What App Store Connect says of the icons of an uploaded iOS app: 90713 and 90704 about the asset catalog, 90717 about
 * transparency, 90022 and 90023 about the loose files and the keys that name them.
 */
export async function iconErrors(ipa: Buffer): Promise<StoreError[]> {
  const files = await filesAtTop(ipa);
  const info = parsePlistDict(files.get('Info.plist') ?? Buffer.alloc(0), { name: 'Info.plist' });
  return [...catalogErrors(files, info), ...looseErrors(files, info)];
}

function catalogErrors(files: ReadonlyMap<string, Buffer>, info: PlistDict): StoreError[] {
  const car = files.get('Assets.car');
  const name = info.CFBundleIconName;
  if (typeof name !== 'string' || !car)
    return [error('90713', 'Missing Info.plist value CFBundleIconName: icons must be in an asset catalog.')];
  const large = largePictures(car, name);
  if (!large.some(({ key }) => key.get(IDIOM) === MARKETING))
    return [error('90704', 'The asset catalog has no app icon of 1024 by 1024 pixels for the store.')];
  return large.every(({ isOpaque }) => isOpaque)
    ? []
    : [error('90717', 'The large app icon in the asset catalog is transparent.')];
}

interface LargePicture {
  readonly key: Rendition['key'];
  readonly isOpaque: boolean;
}

/** None in what cannot be read, be it the catalog or a picture. */
function largePictures(car: Buffer, name: string): LargePicture[] {
  try {
    const source = inMemory(car);
    const catalog = readCatalog(source);
    const large = hasAppIcon(source, name) ? pictures(catalog).filter(isLarge(catalog)) : [];
    return large.map((picture) => ({ key: picture.key, isOpaque: isOpaque(catalog, picture) }));
  } catch {
    return [];
  }
}

const pictures = ({ renditions }: Catalog) => renditions.rows.filter(({ key }) => key.get(PART) === 220);

/** Of 1024 pixels, and found by what is said of the sizes for its device. */
const isLarge = (catalog: Catalog) => (picture: Rendition) => {
  if (picture.width !== 1024 || picture.height !== 1024) return false;
  const record = catalog.renditions.rows.find(
    ({ key }) => key.get(PART) === 218 && key.get(IDIOM) === picture.key.get(IDIOM),
  );
  if (!record) return false;
  const { block, at, length } = record.payload;
  const sizes = Buffer.from(catalog.store.part(block, 'sizes', { at, length }));
  for (let entry = 12; entry < sizes.length; entry += 12)
    if (sizes.readUInt32LE(entry) === 1024 && sizes.readUInt32LE(entry + 8) === picture.key.get(DIMENSION_2))
      return true;
  return false;
};

/** The dark icon may be transparent. */
function isOpaque({ store }: Catalog, { payload, key }: Rendition): boolean {
  if (key.get(APPEARANCE)) return true;
  const { block, at, length } = payload;
  const pixels = gunzipSync(store.part(block, 'pixels', { at: at + 16, length: length - 16 }));
  for (let alpha = 3; alpha < pixels.length; alpha += 4) if (pixels[alpha] !== 255) return false;
  return true;
}

function looseErrors(files: ReadonlyMap<string, Buffer>, info: PlistDict): StoreError[] {
  const families = Array.isArray(info.UIDeviceFamily) ? info.UIDeviceFamily.map(Number) : [];
  const phone = families.includes(1) && lacksPixels(files, namesIn(info, ''), ['@2x.png'], [120]);
  const pad =
    families.includes(2) &&
    lacksPixels(files, namesIn(info, '~ipad'), ['@2x~ipad.png', '@2x.png'], [152, 167]);
  return [
    ...(phone ? [error('90022', 'Missing required icon file of exactly 120x120 pixels for iPhone.')] : []),
    ...(pad ? [error('90023', 'Missing required icon file of 152x152 or 167x167 pixels for iPad.')] : []),
  ];
}

function namesIn(info: PlistDict, device: '' | '~ipad'): readonly PlistValue[] {
  const icons = info[`CFBundleIcons${device}`];
  const primary = isDict(icons) ? icons.CFBundlePrimaryIcon : undefined;
  return isDict(primary) && Array.isArray(primary.CFBundleIconFiles) ? primary.CFBundleIconFiles : [];
}

function lacksPixels(
  files: ReadonlyMap<string, Buffer>,
  names: readonly PlistValue[],
  endings: readonly string[],
  wanted: readonly number[],
): boolean {
  const found = names.flatMap((name) => endings.map((ending) => files.get(`${String(name)}${ending}`)));
  const edges = found.flatMap((png) =>
    png && png.readUInt32BE(16) === png.readUInt32BE(20) ? png.readUInt32BE(16) : [],
  );
  return !wanted.every((edge) => edges.includes(edge));
}

const error = (code: string, description: string): StoreError => ({ code, description });

/** What lies at the top of the app, by name. */
async function filesAtTop(ipa: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const zip = await yauzl.fromBufferPromise(ipa);
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    const [, name] = /^Payload\/[^/]+\.app\/([^/]+)$/.exec(entry.fileName) ?? [];
    if (name === undefined) continue;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    files.set(name, Buffer.concat(pieces));
  }
  return files;
}
