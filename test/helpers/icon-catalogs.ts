import { type IconCatalog, writeIconCatalog } from '../../src/formats/asset-catalog/write/index.ts';

/** A small catalog with one icon, as another tool may have put into a bundle. */
export function iconCatalog(name: string, platform: IconCatalog['platform'] = 'ios'): Buffer {
  const picture = { edgePixels: 16, channels: 3, data: Buffer.alloc(16 * 16 * 3, 7) } as const;
  const idiom = platform === 'ios' ? 'iphone' : 'mac';
  return writeIconCatalog({
    ...{ name, platform, minimumOs: '15.0' },
    images: [{ name: 'a.png', idiom, appearance: 'any', points: 16, scale: 1, picture }],
  });
}
