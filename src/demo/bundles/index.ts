export { iosDemoApp, makeIosDemoBundle, stageIosDemoApp } from './ios-app.ts';
export { macDemoApp, makeMacDemoBundle, stageMacDemoApp } from './mac-app.ts';
export { makePaddedBundle } from './padded-bundle.ts';
export type { Padding } from './padding.ts';
