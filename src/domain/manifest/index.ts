export {
  type BundleNames,
  localAppName,
  localManifest,
  type SigningWishes,
} from './local-manifest.ts';
export type { IosDevice, IosDistribution, MacosDistribution, Manifest, Platform } from './manifest.ts';
export { knownManifest, parseManifest } from './parse.ts';
export { bundleIdFault } from './schema.ts';
