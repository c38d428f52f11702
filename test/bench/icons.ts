import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogTarget } from '../../src/domain/icons/index.ts';
import { assetCatalogSource, compiledCatalog, loadArt } from '../../src/files/icons/index.ts';
import { photograph, seaside } from '../helpers/artwork.ts';
import { median, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const INTRODUCTION =
  '(i) The icon: from a PNG of 1024 pixels to the compiled catalog, beside writing the same icon set as PNGs for actool';

const { signal } = new AbortController();
const devices = ['iphone', 'ipad'] as const;
const targets: Readonly<Record<string, CatalogTarget>> = {
  'iOS 17': { platform: 'ios', minimumOs: '17.0', devices },
  'iOS 13, every size': { platform: 'ios', minimumOs: '13.0', devices },
  macOS: { platform: 'macos', minimumOs: '13.0', devices: [] },
};

/** How long our compiler takes for a picture, and how large the catalog is. The goal is 300 ms. */
export async function benchIcons(room: BenchRoom, runs: number): Promise<void> {
  const rows = [['icon', 'catalog', 'median', 'PNGs for actool', 'ratio']];
  for (const [artwork, picture] of Object.entries({
    drawing: await seaside(),
    photograph: await photograph(),
  }))
    for (const [name, target] of Object.entries(targets)) {
      let sizeBytes = 0;
      const ours = await medianOf(runs, async () => {
        sizeBytes = (await compiledCatalog(await artOf(picture, target), { ...target, signal })).length;
      });
      const pngs = await medianOf(runs, async () => {
        const folder = await mkdtemp(join(room.folder, 'icons-'));
        await assetCatalogSource(await artOf(picture, target), folder, { ...target, signal });
      });
      const size = `${(sizeBytes / 1024).toFixed(0)} KiB`;
      rows.push([`${artwork}, ${name}`, size, ms(ours), ms(pngs), (ours / pngs).toFixed(2)]);
    }
  room.print(`${INTRODUCTION}\n\n${table(rows)}`);
}

const artOf = async (picture: Buffer, { platform }: CatalogTarget) => ({
  any: await loadArt(picture, { flatten: platform === 'ios' }),
});

async function medianOf(runs: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

const ms = (time: number): string => `${time.toFixed(0)} ms`;
