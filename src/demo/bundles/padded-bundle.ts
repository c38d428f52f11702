import { makeIosDemoBundle } from './ios-app.ts';
import { makeMacDemoBundle } from './mac-app.ts';
import type { Padding } from './padding.ts';

/** A demo bundle with `sizeBytes` of content that cannot be compressed, for benches. */
export const makePaddedBundle = (kind: 'macos' | 'ios', outFile: string, padding: Padding): Promise<void> =>
  (kind === 'macos' ? makeMacDemoBundle : makeIosDemoBundle)(outFile, padding);
