import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { iosDemoApp, stageIosDemoApp } from '../../src/demo/bundles/index.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { withCatalogFile } from '../../src/files/asset-catalog/open.ts';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { readApp } from '../../src/verify/read-app.ts';
import { patience } from '../helpers/daemon.ts';
import type { AppleRoom, World } from './apple-room.ts';
import { missingPrograms, takeIpaApart } from './judges.ts';
import { packZip } from './materials.ts';

/** A job with the iOS app of the demo, and more files in it. */
export async function iosJobWith(
  { folder: above, materials, apiKey }: AppleRoom,
  files: Readonly<Record<string, Buffer>>,
  manifest: Readonly<Record<string, unknown>> = {},
): Promise<JobSubmission> {
  const folder = await mkdtemp(join(above, 'ios-'));
  await mkdir(join(folder, 'Payload'));
  const app = await stageIosDemoApp(join(folder, 'Payload'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(app, name), content);
  const bundle = await packZip(folder, `${folder}.zip`);
  return materials.iosJob({ bundle, manifest, credentials: apiKey });
}

/** The app that the hub has, sealed and whole. @returns its folder; nothing without `unzip` */
export async function deliveredIosApp(
  world: World,
  jobId: string,
  { folder: above }: AppleRoom,
): Promise<string | undefined> {
  expect(await world.completed(jobId)).toMatchObject({ success: true });
  if ((await missingPrograms()).includes('unzip')) return undefined;
  const folder = await mkdtemp(join(above, 'ipa-'));
  await takeIpaApart(world.hub.artifact(jobId)?.path ?? '', folder);
  const app = join(folder, 'Payload', `${iosDemoApp.name}.app`);
  const { findings } = await readApp(app, { path: '', signal: patience() });
  expect(findings).toEqual([]);
  return app;
}

/** Names of the appearances that a compiled catalog has pictures for. */
export const appearancesIn = (path: string): string[] =>
  withCatalogFile(path, (source) => (readCatalog(source).appearances?.rows ?? []).map(({ name }) => name));
