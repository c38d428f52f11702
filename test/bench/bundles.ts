import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar';
import yazl from 'yazl';
import { listTree } from '../../src/adapters/files/tree.ts';
import { iosDemoApp, macDemoApp, stageIosDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';

export type Kind = 'macos' | 'ios';

export const apps = { macos: macDemoApp, ios: iosDemoApp } as const;

const MEGABYTE = 1_000_000;

/**
 * A demo bundle with content that cannot be compressed, and without the picture that icons are drawn from: a script
 * has no simple command for that step, so neither side does it.
 */
export async function makeBenchBundle(kind: Kind, megabytes: number, outFile: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-bench-stage-'));
  try {
    const padding = { sizeBytes: megabytes * MEGABYTE, files: 4 };
    if (kind === 'macos') await packMac(folder, await stageMacDemoApp(folder, padding), outFile);
    else await packIos(await stageIosDemoApp(folder, padding), outFile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packMac(folder: string, app: string, outFile: string): Promise<void> {
  await rm(join(app, 'Contents/Resources/AppIcon.png'));
  const options = { cwd: folder, file: outFile, gzip: { level: 1 }, portable: true };
  await tar.create(options, [`${macDemoApp.name}.app`]);
}

async function packIos(app: string, outFile: string): Promise<void> {
  await rm(join(app, 'Icon-1024.png'));
  const zip = new yazl.ZipFile();
  for (const { path, type } of await listTree(app)) {
    const name = `Payload/${iosDemoApp.name}.app/${path}`;
    if (type === 'directory') zip.addEmptyDirectory(name, { mode: 0o40755 });
    else zip.addFile(join(app, path), name, { mode: 0o100644, compress: !path.endsWith('.bin') });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(outFile));
}
