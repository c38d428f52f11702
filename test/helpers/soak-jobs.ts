import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { manifestOf, packTarGz } from '../integration/materials.ts';
import { makeMacApp } from './bundles.ts';

const app = { name: 'Hello', bundleId: 'com.example.hello', version: '1.2.3', shortVersion: '1.2.3' };

/** The smallest job that goes the whole way: one small executable, signed ad hoc. */
export async function makeTinyJob(folder: string): Promise<JobSubmission> {
  await mkdir(folder, { recursive: true });
  await makeMacApp(folder);
  const bundle = await packTarGz(folder, [`${app.name}.app`], join(folder, 'bundle.tar.gz'));
  return { bundle, manifest: { ...manifestOf(app, 'macos-sign'), icon: null }, credentials: {} };
}
