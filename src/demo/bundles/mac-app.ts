import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import { ShipError } from '../../errors.ts';
import { packageRoot } from '../../package-root.ts';
import { demoIcon } from './demo-icon.ts';
import { type Padding, writePadding } from './padding.ts';
import { withStagingFolder } from './staging.ts';

/**
 * A real Mac app, built with Xcode by its authors, unsigned: terminal-notifier 1.7.2 (MIT), without its icon.
 *
 * @see https://github.com/julienXX/terminal-notifier
 */
export const macDemoApp = {
  name: 'terminal-notifier',
  bundleId: 'nl.superalloy.oss.terminal-notifier',
  version: '17',
  shortVersion: '1.7.2',
} as const;

/** Puts `terminal-notifier.app` into a folder. @returns its path @throws ShipError DEMO_ASSET_MISSING */
export async function stageMacDemoApp(folder: string, padding?: Padding): Promise<string> {
  const app = join(folder, `${macDemoApp.name}.app`);
  await copyNotifier(app);
  await chmod(join(app, 'Contents/MacOS', macDemoApp.name), 0o755);
  await writeFile(join(app, 'Contents/Resources/AppIcon.png'), await demoIcon());
  if (padding) await writePadding(join(app, 'Contents/Resources/assets'), padding);
  return app;
}

/** Writes the app as the hub sends it for `macos-sign`: a tar.gz with `terminal-notifier.app/…`. */
export const makeMacDemoBundle = (outTarGz: string, padding?: Padding): Promise<void> =>
  withStagingFolder(async (folder) => {
    await stageMacDemoApp(folder, padding);
    // noise does not shrink, whatever time is spent on it
    const gzip = padding ? { level: 1 } : true;
    await rm(outTarGz, { force: true });
    await tar.create({ cwd: folder, file: outTarGz, gzip, portable: true }, [`${macDemoApp.name}.app`]);
  });

async function copyNotifier(to: string): Promise<void> {
  const asset = join(packageRoot(), 'src/demo/assets', `${macDemoApp.name}.app`);
  await cp(asset, to, { recursive: true, verbatimSymlinks: true }).catch((cause: unknown) => {
    throw new ShipError('DEMO_ASSET_MISSING', {
      summary: 'The Mac app of the demo is not there.',
      reason: 'It is missing in the installed package.',
      nextStep: 'Install perry-ship again.',
      cause,
      detail: { asset },
    });
  });
}
