import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar';
import yazl from 'yazl';
import { iosDemoApp, macDemoApp, stageIosDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';

export type Kind = 'macos' | 'ios';

export const apps = { macos: macDemoApp, ios: iosDemoApp } as const;

const MEGABYTE = 1_000_000;
const LARGE_FILES = 4;
const FILES_PER_FOLDER = 100;
const MAX_SMALL_FILE_KIB = 30;
const SMALL_FILES_PLACE = { macos: 'Contents/Resources/small', ios: 'small' } as const;

export interface Content {
  /** In four files. */
  readonly megabytes: number;
  /** Beside them, of 1 to 30 KiB each, a hundred in a folder. */
  readonly smallFiles?: number;
}

/**
 * A demo bundle with content that cannot be compressed, and without the picture that icons are drawn from: a script
 * has no simple command for that step, so neither side does it.
 */
export async function makeBenchBundle(kind: Kind, content: Content, outFile: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-bench-stage-'));
  try {
    const padding = { sizeBytes: content.megabytes * MEGABYTE, files: LARGE_FILES };
    const app =
      kind === 'macos' ? await stageMacDemoApp(folder, padding) : await stageIosDemoApp(folder, padding);
    await writeSmallFiles(join(app, SMALL_FILES_PLACE[kind]), content.smallFiles ?? 0);
    await (kind === 'macos' ? packMac(folder, app, outFile) : packIos(app, outFile));
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

async function writeSmallFiles(folder: string, count: number): Promise<void> {
  const noise = randomBytes(MAX_SMALL_FILE_KIB * 1024 + count);
  for (let index = 0; index < count; index += 1) {
    const inside = join(folder, String(Math.floor(index / FILES_PER_FOLDER)));
    if (index % FILES_PER_FOLDER === 0) await mkdir(inside, { recursive: true });
    const sizeBytes = (1 + (index % MAX_SMALL_FILE_KIB)) * 1024;
    await writeFile(join(inside, `${index}.bin`), noise.subarray(index, index + sizeBytes));
  }
}
