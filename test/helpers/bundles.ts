import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { buildPlist, newDict, type PlistFormat, type PlistValue } from '../../src/formats/plist/index.ts';
import { buildMachO } from './macho.ts';

export interface AppOptions {
  /** Folder name without `.app`, CFBundleExecutable and CFBundleName. */
  readonly name?: string;
  readonly bundleId?: string;
  /** Main executable; a Mach-O for the platform when left out, none when null. */
  readonly executable?: Buffer | null;
  readonly mode?: number;
  /** Put into, or (undefined) taken out of, Info.plist. */
  readonly info?: Readonly<Record<string, PlistValue | undefined>>;
  readonly infoFormat?: PlistFormat;
  /** Further files by path below the `.app`; folders are made. */
  readonly files?: Readonly<Record<string, Buffer | string>>;
  /** Folders by path below the `.app`, with nothing in them. */
  readonly folders?: readonly string[];
  /** Modes of files by path below the `.app`, where they are not 0644. */
  readonly modes?: Readonly<Record<string, number>>;
  /** Symbolic links by path below the `.app`. */
  readonly links?: Readonly<Record<string, string>>;
}

/** A macOS bundle as the compiler makes it. Returns the path of `<dir>/<name>.app`. */
export function makeMacApp(dir: string, options: AppOptions = {}): Promise<string> {
  const { name = 'Hello', bundleId = 'com.example.hello' } = options;
  const info = {
    CFBundleExecutable: name,
    CFBundleName: name,
    CFBundleIdentifier: bundleId,
    CFBundleShortVersionString: '1.2.3',
    CFBundleVersion: '1.2.3',
    CFBundlePackageType: 'APPL',
    LSMinimumSystemVersion: '13.0',
    NSHighResolutionCapable: true,
    LSApplicationCategoryType: 'public.app-category.utilities',
  };
  return makeApp(dir, options, {
    name,
    info,
    prefix: 'Contents/',
    executablePath: `Contents/MacOS/${name}`,
    code: buildMachO(),
  });
}

/** An iOS bundle as the compiler makes it; the executable has lost its mode, as it has after the zip. */
export function makeIosApp(dir: string, options: AppOptions = {}): Promise<string> {
  const { name = 'Hello', bundleId = 'com.example.hello' } = options;
  const info = {
    CFBundleExecutable: name,
    CFBundleName: name,
    CFBundleIdentifier: bundleId,
    CFBundleShortVersionString: '1.2.3',
    CFBundleVersion: '42',
    CFBundlePackageType: 'APPL',
    CFBundleInfoDictionaryVersion: '6.0',
    CFBundleSupportedPlatforms: ['iPhoneOS'],
    MinimumOSVersion: '17.0',
    UIDeviceFamily: [1, 2],
    UILaunchScreen: newDict(),
  };
  const code = buildMachO({ platform: 'ios', minimumOs: '17.0', sdk: '17.5' });
  return makeApp(dir, { mode: 0o644, ...options }, { name, info, prefix: '', executablePath: name, code });
}

interface Shape {
  readonly name: string;
  readonly info: Readonly<Record<string, PlistValue>>;
  readonly prefix: string;
  readonly executablePath: string;
  readonly code: Buffer;
}

async function makeApp(dir: string, options: AppOptions, shape: Shape): Promise<string> {
  const appPath = join(dir, `${shape.name}.app`);
  await put(
    appPath,
    `${shape.prefix}Info.plist`,
    infoPlist({ ...shape.info, ...options.info }, options.infoFormat),
  );
  if (options.executable !== null) {
    await put(appPath, shape.executablePath, options.executable ?? shape.code);
    await chmod(join(appPath, shape.executablePath), options.mode ?? 0o755);
  }
  for (const path of options.folders ?? []) await mkdir(join(appPath, path), { recursive: true });
  for (const [path, content] of Object.entries(options.files ?? {})) await put(appPath, path, content);
  for (const [path, mode] of Object.entries(options.modes ?? {})) await chmod(join(appPath, path), mode);
  for (const [path, target] of Object.entries(options.links ?? {})) {
    await mkdir(dirname(join(appPath, path)), { recursive: true });
    await symlink(target, join(appPath, path));
  }
  return appPath;
}

async function put(appPath: string, path: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(join(appPath, path)), { recursive: true });
  await writeFile(join(appPath, path), content);
}

/** Bytes of an Info.plist; keys that are undefined are left out. */
export const infoPlist = (
  keys: Readonly<Record<string, PlistValue | undefined>>,
  format: PlistFormat = 'xml',
): Buffer =>
  buildPlist(
    newDict(
      Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
    ),
    format,
  );

/** The files of a nested bundle, to be spread into `files`; `prefix` is the bundle's path, e.g. `PlugIns/W.appex`. */
export function nestedFlat(
  prefix: string,
  options: { bundleId: string; name: string; code?: Buffer },
): Record<string, Buffer> {
  const { bundleId, name, code = buildMachO({ platform: 'ios', minimumOs: '17.0' }) } = options;
  const info = {
    CFBundleIdentifier: bundleId,
    CFBundleExecutable: name,
    CFBundleShortVersionString: '1.2.3',
    CFBundleVersion: '42',
  };
  return { [`${prefix}/Info.plist`]: infoPlist(info), [`${prefix}/${name}`]: code };
}

/** A versioned macOS framework as `files` and `links`. */
export function macFramework(prefix: string, name: string, bundleId: string) {
  const folder = `${prefix}/${name}.framework`;
  const info = { CFBundleIdentifier: bundleId, CFBundleExecutable: name, CFBundlePackageType: 'FMWK' };
  return {
    files: {
      [`${folder}/Versions/A/${name}`]: buildMachO({ fileType: 'dylib', text: name }),
      [`${folder}/Versions/A/Resources/Info.plist`]: infoPlist(info),
    },
    links: {
      [`${folder}/Versions/Current`]: 'A',
      [`${folder}/${name}`]: `Versions/Current/${name}`,
      [`${folder}/Resources`]: 'Versions/Current/Resources',
    },
  };
}

/** A PNG with a gradient, half transparent when `alpha` is set. */
export function makePng(
  width: number,
  height: number,
  { alpha = true }: { alpha?: boolean } = {},
): Promise<Buffer> {
  const background = { r: 200, g: 60, b: 30, alpha: alpha ? 0.5 : 1 };
  return sharp({ create: { width, height, channels: alpha ? 4 : 3, background } })
    .png()
    .toBuffer();
}

/** A PNG that announces more pixels than it has; a decoder that trusts it wants gigabytes. */
export function bombPng(edge: number): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length);
    head.write(type, 4, 'latin1');
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), body])));
    return Buffer.concat([head, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(edge, 0);
  header.writeUInt32BE(edge, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
