import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import { makeThrowawayIdentity } from '../../src/demo/throwaway-identity.ts';
import { type TarPart, tarball, tarGz } from '../helpers/archives.ts';
import { type AppOptions, makeIosApp, makeMacApp } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';
import { credentialsOf, type Materials, packTarGz, packZip, TEAM } from './materials.ts';

const MiB = 1024 * 1024;

/** Makers of bundles and credentials that must be refused; everything lies below one folder. */
export function badBundles(folder: string, materials: Materials) {
  let count = 0;
  const fresh = async (): Promise<string> => {
    count += 1;
    const path = join(folder, `bad-${count}`);
    await mkdir(path, { recursive: true });
    return path;
  };
  return {
    /** The demo bundle with so many bytes off its end. */
    cutBy: async (bytes: number): Promise<Buffer> => {
      const { bundle } = materials.macJob();
      return (await readFile(String(bundle))).subarray(0, -bytes);
    },
    /** An otherwise sound app of the demo's name and identifier. */
    mac: async (options: AppOptions = {}, ...others: AppOptions[]): Promise<string> => {
      const dir = await fresh();
      const names = { name: macDemoApp.name, bundleId: macDemoApp.bundleId };
      for (const app of [options, ...others]) await makeMacApp(dir, { ...names, ...app });
      const folders = [options, ...others].map(({ name = macDemoApp.name }) => `${name}.app`);
      return packTarGz(dir, folders, join(dir, 'bundle.tar.gz'));
    },
    iosForSimulator: async (): Promise<string> => {
      const dir = await fresh();
      await mkdir(join(dir, 'top/Payload'), { recursive: true });
      const executable = buildMachO({ platform: 'ios-simulator', minimumOs: '17.0' });
      await makeIosApp(join(dir, 'top/Payload'), {
        name: 'PerryDemo',
        bundleId: 'com.example.perrydemo',
        executable,
      });
      return packZip(join(dir, 'top'), join(dir, 'bundle.zip'));
    },
    source: (): Buffer =>
      tarGz({ name: 'package.json', body: '{}' }, { name: 'src/main.ts', body: 'export {};' }),
    with: (...parts: TarPart[]): Buffer => tarGz({ name: 'A.app/Contents/Info.plist', body: 'x' }, ...parts),
    bomb: (): Buffer =>
      gzipSync(tarball({ name: 'A.app/zeros', body: Buffer.alloc(96 * MiB) }), { level: 9 }),
    /** A certificate that nobody can sign with. */
    p12WithoutKey: async () => {
      const dir = await fresh();
      await writeFile(join(dir, 'certificate.pem'), materials.developerId.certificatePem);
      const files = ['-in', 'certificate.pem', '-nokeys', '-out', 'certificate.p12'];
      execFileSync('openssl', ['pkcs12', '-export', ...files, '-passout', 'pass:no-key-in-here'], {
        cwd: dir,
      });
      const p12 = await readFile(join(dir, 'certificate.p12'));
      return credentialsOf({ p12, password: 'no-key-in-here' });
    },
    expiredIdentity: () =>
      credentialsOf(
        makeThrowawayIdentity({
          commonName: `Developer ID Application: Perry Test (${TEAM})`,
          teamId: TEAM,
          notBefore: new Date('2020-01-01'),
          notAfter: new Date('2021-01-01'),
        }),
      ),
  };
}
