import { createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { ShipError } from '../../errors.ts';
import { listTree } from '../../files/disk/tree.ts';
import { packageRoot } from '../../package-root.ts';
import { demoIcon, ICON_PIXELS } from './demo-icon.ts';
import { iosInfoPlist } from './ios-info-plist.ts';
import { type Padding, writePadding } from './padding.ts';
import { withStagingFolder } from './staging.ts';

/** An iOS app whose executable is real (see `src/demo/ios-app/build.sh`), laid out as the Perry compiler does. */
export const iosDemoApp = {
  name: 'PerryDemo',
  bundleId: 'com.example.perrydemo',
  version: '1',
  shortVersion: '1.0.0',
} as const;

const icons: ReadonlyArray<readonly [string, number]> = [
  ['Icon-1024.png', ICON_PIXELS],
  ['AppIcon60x60@3x.png', 180],
  ['AppIcon60x60@2x.png', 120],
  ['AppIcon76x76@2x.png', 152],
  ['AppIcon76x76.png', 76],
];

/** Puts `PerryDemo.app` into a folder. @returns its path @throws ShipError DEMO_ASSET_MISSING */
export async function stageIosDemoApp(folder: string, padding?: Padding): Promise<string> {
  const app = join(folder, `${iosDemoApp.name}.app`);
  await mkdir(join(app, 'assets'), { recursive: true });
  await mkdir(join(app, 'Base.lproj'));
  await copyExecutable(join(app, iosDemoApp.name));
  await writeFile(join(app, 'Info.plist'), iosInfoPlist(iosDemoApp));
  await writeFile(join(app, 'assets/greeting.txt'), 'Hello from the Perry demo app\n');
  for (const [name, pixels] of icons) await writeFile(join(app, name), await demoIcon(pixels));
  if (padding) await writePadding(join(app, 'assets'), padding);
  return app;
}

/** Writes the app as the hub sends it for `ios-sign`: a zip with `Payload/PerryDemo.app/…`, every file 0644. */
export const makeIosDemoBundle = (outZip: string, padding?: Padding): Promise<void> =>
  withStagingFolder(async (folder) => {
    const app = await stageIosDemoApp(folder, padding);
    const zip = new yazl.ZipFile();
    for (const { path, type } of await listTree(app)) {
      const name = `Payload/${iosDemoApp.name}.app/${path}`;
      if (type === 'directory') zip.addEmptyDirectory(name, { mode: 0o40755 });
      else zip.addFile(join(app, path), name, { mode: 0o100644, compress: !path.endsWith('.bin') });
    }
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(outZip));
  });

async function copyExecutable(to: string): Promise<void> {
  const asset = join(packageRoot(), 'src/demo/assets', iosDemoApp.name);
  await copyFile(asset, to).catch((cause: unknown) => {
    throw new ShipError('DEMO_ASSET_MISSING', {
      summary: 'The iOS app of the demo is not there.',
      reason: 'Its executable is missing in the installed package.',
      nextStep: 'Install perry-ship again, or run "src/demo/ios-app/build.sh" in its folder.',
      cause,
      detail: { asset },
    });
  });
  await chmod(to, 0o755);
}
