import type { CatalogPlatform } from './attributes.ts';
import { field, tag, words } from './parts.ts';

/** Of Xcode 26.0, whose catalogs these are like. */
const CORE_UI_VERSION = 970;
const STORAGE_VERSION = 17;
const SCHEMA_VERSION = 2;
const SRGB = 1;
const KEY_SEMANTICS: Readonly<Record<CatalogPlatform, number>> = { ios: 2, macos: 1 };
const PLATFORMS: Readonly<Record<CatalogPlatform, string>> = { ios: 'ios', macos: 'macosx' };
/** Shown by tools that list a catalog; nothing is decided by it. */
const AUTHOR = 'perry-ship';

/** CARHEADER: no time, no UUID and no checksum, so that equal icons make equal catalogs. */
export const carHeader = (platform: CatalogPlatform, renditionCount: number): Buffer =>
  Buffer.concat([
    tag('RATC'),
    words(CORE_UI_VERSION, STORAGE_VERSION, 0, renditionCount),
    field(`@(#)PROGRAM:CoreUI  PROJECT:CoreUI-${CORE_UI_VERSION}.1`, 128),
    field(AUTHOR, 256),
    Buffer.alloc(16),
    words(0, SCHEMA_VERSION, SRGB, KEY_SEMANTICS[platform]),
  ]);

/** EXTENDED_METADATA: thinning arguments (none), oldest system, platform, and who made the catalog. */
export const extendedMetadata = (platform: CatalogPlatform, minimumOs: string): Buffer =>
  Buffer.concat([
    tag('META'),
    ...['', minimumOs, PLATFORMS[platform], AUTHOR].map((text) => field(text, 256)),
  ]);
