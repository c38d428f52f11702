/** `actool.mjs MODE binary|'' ACTOOL-OPTION…`: what the front program leaves over; MODE is its knob. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { buildIcns } from '../../../dist/src/domain/icons/index.js';
import { writeIconCatalog } from '../../../dist/src/formats/asset-catalog/write/index.js';
import { buildPlist, newDict } from '../../../dist/src/formats/plist/index.js';

const [mode = '', partialForm = '', ...words] = process.argv.slice(2);
const text = { type: 'string' };
const flag = { type: 'boolean' };
const { values, positionals } = parseArgs({
  args: words,
  allowPositionals: true,
  options: {
    'output-format': text,
    notices: flag,
    warnings: flag,
    errors: flag,
    'app-icon': text,
    'output-partial-info-plist': text,
    platform: text,
    'target-device': { type: 'string', multiple: true },
    'minimum-deployment-target': text,
    'compress-pngs': flag,
    'development-region': text,
    'enable-on-demand-resources': text,
    'standalone-icon-behavior': text,
    compile: text,
  },
});
const [catalog = ''] = positionals;
const outputDir = values.compile ?? '';
const devices = values['target-device'] ?? [];
const iconName = values['app-icon'] ?? '';

const errors = [];
const warnings = [];
const written = [];

const dict = (entries) => newDict(Object.entries(entries));

async function put(name, content) {
  await writeFile(join(outputDir, name), content);
  written.push(join(outputDir, name));
}

const iconSet = join(catalog, `${iconName}.appiconset`);

async function readSlots() {
  const contents = await readFile(join(iconSet, 'Contents.json'), 'utf8').catch(() => undefined);
  if (contents !== undefined) return JSON.parse(contents).images;
  errors.push(
    `None of the input catalogs contained a matching stickers icon set or app icon set named "${iconName}".`,
  );
  return [];
}

/** Slots without their picture are a warning, and the icon is incomplete. */
function usable(slots) {
  return slots.filter(({ filename, size, scale, idiom }) => {
    const isThere = filename !== undefined && existsSync(join(iconSet, filename));
    if (!isThere) warnings.push(`A ${size} ${scale} app icon is required for ${idiom} (${iconSet}).`);
    return isThere;
  });
}

const pictureOf = async ({ filename = '' }) => readFile(join(iconSet, filename));

const pixelsOf = ({ size, scale }) => Number.parseFloat(size) * Number.parseFloat(scale);

/** Slots for all devices, of one size, stand for one each. */
const devicesOf = ({ idiom }) => (idiom === 'universal' ? [...devices, 'ios-marketing'] : [idiom]);

async function imagesOf(slot) {
  const { filename, size, scale = '1x', appearances = [] } = slot;
  const { data, info } = await sharp(await pictureOf(slot))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const shared = {
    name: filename,
    appearance: appearances[0]?.value ?? 'any',
    points: Number.parseFloat(size),
    scale: Number.parseInt(scale, 10),
    picture: { edgePixels: info.width, channels: info.channels, data },
  };
  return devicesOf(slot).map((idiom) => ({ ...shared, idiom }));
}

/** Not what a Mac makes of it, but a catalog all the same, and with the same icons. */
async function makeCar(slots) {
  const images = (await Promise.all(slots.map(imagesOf))).flat();
  const platform = values.platform === 'macosx' ? 'macos' : 'ios';
  const minimumOs = values['minimum-deployment-target'] ?? '';
  if (mode !== 'no-car')
    await put('Assets.car', writeIconCatalog({ name: iconName, platform, minimumOs, images }));
}

const looseIcons = [
  { device: 'iphone', size: '60x60', scale: '2x', name: 'AppIcon60x60', suffix: '@2x.png' },
  { device: 'ipad', size: '76x76', scale: '2x', name: 'AppIcon76x76', suffix: '@2x~ipad.png' },
];

async function compileForIos(slots) {
  const icons = looseIcons.filter(({ device }) => devices.includes(device));
  for (const { device, size, scale, name, suffix } of icons) {
    const isLoose = (each) => each.idiom === device && each.size === size && each.scale === scale;
    const slot = slots.find(isLoose) ?? slots.find(({ idiom }) => idiom === 'universal');
    if (slot && mode !== 'no-loose') await put(`${name}${suffix}`, await pictureOf(slot));
  }
  const primary = (names) =>
    dict({
      CFBundlePrimaryIcon: dict({ CFBundleIconFiles: [...names], CFBundleIconName: iconName }),
    });
  const names = icons.map(({ name }) => name);
  return dict({
    ...(devices.includes('iphone') && { CFBundleIcons: primary(names.slice(0, 1)) }),
    ...(devices.includes('ipad') && { 'CFBundleIcons~ipad': primary(names) }),
  });
}

async function compileForMac(slots) {
  const byPixels = new Map(slots.map((slot) => [pixelsOf(slot), slot]));
  const pictures = new Map();
  for (const [pixels, slot] of byPixels) pictures.set(pixels, await pictureOf(slot));
  if (mode !== 'no-loose')
    await put(
      `${iconName}.icns`,
      buildIcns((pixels) => pictures.get(pixels) ?? Buffer.alloc(0)),
    );
  return dict({ CFBundleIconFile: iconName, CFBundleIconName: iconName });
}

async function compile() {
  if (!existsSync(outputDir)) return void errors.push(`The output directory "${outputDir}" does not exist.`);
  const slots = usable(await readSlots());
  if (errors.length > 0) return;
  await makeCar(slots);
  const partial = values.platform === 'macosx' ? await compileForMac(slots) : await compileForIos(slots);
  const partialPath = values['output-partial-info-plist'] ?? '';
  const form = partialForm === 'binary' ? 'binary' : 'xml';
  if (mode !== 'no-partial')
    await writeFile(partialPath, buildPlist(mode === 'no-keys' ? newDict() : partial, form));
  written.push(partialPath);
}

const messages = (type, texts) => texts.map((message) => dict({ message, type }));

function report() {
  const said = {
    ...(errors.length > 0 && { 'com.apple.actool.errors': messages('error', errors) }),
    ...(warnings.length > 0 && { 'com.apple.actool.document.warnings': messages('warning', warnings) }),
  };
  const results = dict({ 'output-files': written });
  return buildPlist(dict({ 'com.apple.actool.compilation-results': results, ...said }), 'xml');
}

await compile();
if (mode === 'errors' || mode === 'failure')
  errors.push(`The app icon set "${iconName}" in "${catalog}" could not be read.`);
process.stdout.write(mode === 'unreadable' ? 'actool: done\n' : report());
process.exitCode = mode === 'failure' ? 1 : 0;
