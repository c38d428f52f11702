import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tar from 'tar';
import { ShipError } from '../../errors.ts';
import { demoIcon } from './demo-icon.ts';
import { type Padding, writePadding } from './padding.ts';
import { withStagingFolder } from './staging.ts';

/** A real Mac app, built with Xcode by its authors, unsigned: terminal-notifier 1.7.2 (MIT), from node-notifier. */
export const macDemoApp = {
  name: 'terminal-notifier',
  bundleId: 'nl.superalloy.oss.terminal-notifier',
  version: '17',
  shortVersion: '1.7.2',
} as const;

/** Puts `terminal-notifier.app` into a folder. @returns its path @throws ShipError DEMO_ASSET_MISSING */
export async function stageMacDemoApp(folder: string, padding?: Padding): Promise<string> {
  const app = join(folder, `${macDemoApp.name}.app`);
  await cp(notifierApp(), app, { recursive: true, verbatimSymlinks: true });
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

function notifierApp(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve('node-notifier/package.json');
    return join(dirname(manifest), `vendor/mac.noindex/${macDemoApp.name}.app`);
  } catch (cause) {
    throw new ShipError('DEMO_ASSET_MISSING', {
      summary: 'The Mac app of the demo is not there.',
      reason: 'The package node-notifier, which it is part of, is not installed.',
      nextStep: 'Run "npm install" in the folder of perry-ship.',
      cause,
    });
  }
}
