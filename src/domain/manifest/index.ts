export type { IosDevice, IosDistribution, MacosDistribution, Manifest, Platform } from './manifest.ts';
export { knownManifest, parseManifest } from './parse.ts';
