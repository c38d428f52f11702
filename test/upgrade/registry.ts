import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../../src/package-root.ts';

type Manifest = Record<string, unknown> & { readonly name: string; readonly version: string };

/** A registry of npm on loopback: documents of packages, and their archives. */
export interface Registry {
  readonly url: string;
  /** What `latest` means from now on. */
  setLatest(version: string): void;
  /** This program as that version; `entry` goes before the code of the command. */
  publish(version: string, entry?: string): void;
  close(): Promise<void>;
}

const DEPENDENCY = 'perry-ship-test-dependency';

/** @param folder - for what is packed, once for all versions */
export async function startRegistry(folder: string): Promise<Registry> {
  const source = unpackOurs(folder);
  const command = join(source, 'package/dist/src/cli/perry-ship.js');
  const entryOfOurs = readFileSync(command, 'utf8');
  const manifest = JSON.parse(readFileSync(join(source, 'package/package.json'), 'utf8')) as Manifest;
  const archives = new Map<string, Buffer>();
  const published: Manifest[] = [];
  const latest = new Map<string, string>();

  const pack = (from: string, of: Manifest) => {
    writeFileSync(join(from, 'package/package.json'), JSON.stringify(of));
    const file = `${of.name}-${of.version}.tgz`;
    const flags = ['--use-compress-program=gzip -1', '-cf', join(folder, file)];
    execFileSync('tar', [...flags, '-C', from, 'package']);
    archives.set(file, readFileSync(join(folder, file)));
    published.push(of);
    latest.set(of.name, of.version);
  };
  const documentOf = (name: string, url: string) => {
    const versions = published
      .filter((of) => of.name === name)
      .map((of) => {
        const file = `${of.name}-${of.version}.tgz`;
        const digest = createHash('sha512').update(archives.get(file) ?? '');
        const dist = { tarball: `${url}/archives/${file}`, integrity: `sha512-${digest.digest('base64')}` };
        return [of.version, { ...of, dist }] as const;
      });
    return versions.length === 0
      ? undefined
      : { name, 'dist-tags': { latest: latest.get(name) }, versions: Object.fromEntries(versions) };
  };

  const server = createServer(({ url: path = '' }, response) => {
    const archive = archives.get(path.replace('/archives/', ''));
    const found = archive ?? JSON.stringify(documentOf(path.slice(1), url));
    response.writeHead(found === undefined ? 404 : 200).end(found ?? '{"error":"not found"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const other = join(folder, 'dependency');
  mkdirSync(join(other, 'package'), { recursive: true });
  pack(other, { name: DEPENDENCY, version: '1.0.0' });
  return {
    url,
    setLatest: (version) => void latest.set('perry-ship', version),
    publish: (version, entry = '') => {
      writeFileSync(command, entryOfOurs.replace('\n', `\n${entry}\n`));
      const { scripts: _scripts, devDependencies: _tools, ...rest } = manifest;
      pack(source, { ...rest, version, dependencies: { [DEPENDENCY]: '1.0.0' } } as Manifest);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function unpackOurs(folder: string): string {
  const options = ['--ignore-scripts', '--offline', '--silent', '--pack-destination', folder];
  execFileSync('npm', ['pack', ...options], { cwd: packageRoot() });
  const source = join(folder, 'ours');
  mkdirSync(source);
  execFileSync('tar', ['-xzf', `../perry-ship-${packageVersion()}.tgz`], { cwd: source });
  return source;
}
