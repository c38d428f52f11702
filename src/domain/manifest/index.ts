export type { IosDevice, IosDistribution, MacosDistribution, Manifest, Platform } from './manifest.ts';
export { parseManifest } from './parse.ts';
