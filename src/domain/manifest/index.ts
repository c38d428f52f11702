export {
  type BundleNames,
  localAppName,
  localManifest,
  type SigningWishes,
} from './local-manifest.ts';
export {
  type AfterUpload,
  DEFAULT_NOTES,
  type IosDevice,
  type IosDistribution,
  type MacosDistribution,
  type MacosPackage,
  type Manifest,
  type Notarize,
  type Platform,
} from './manifest.ts';
export { knownManifest, parseAfterUpload, parseManifest } from './parse.ts';
export { bundleIdFault } from './schema.ts';
