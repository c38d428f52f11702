import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachedProgram } from '../../src/adapters/rcodesign/cache.ts';
import { type LocateOptions, locateRcodesign } from '../../src/adapters/rcodesign/locate.ts';
import { pinnedRelease } from '../../src/adapters/rcodesign/release.ts';
import { cacheFolder } from '../../src/cache-folder.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';

const signal = AbortSignal.timeout(60_000);
const rightAnswer = '#!/bin/sh\necho "apple-codesign 0.29.0"\n';
const wrongAnswer = '#!/bin/sh\necho "apple-codesign 0.27.0"\n';
/** Nothing listens on the port of tcpmux. */
const nowhere = { url: 'http://127.0.0.1:1/rcodesign.tar.gz', sha256Hex: '00' };

let room: string;
let env: Record<string, string>;
let servers: Server[];

beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), 'perry-locate-'));
  env = { HOME: room, XDG_CACHE_HOME: join(room, 'cache'), PATH: join(room, 'bin') };
  servers = [];
  await mkdir(join(room, 'bin'));
  for (const tool of ['sh', 'mkdir', 'cat', 'chmod', 'tail'])
    await symlink(await realTool(tool), join(room, 'bin', tool));
});
afterEach(async () => {
  for (const server of servers) server.close();
  await rm(room, { recursive: true, force: true });
});

const realTool = async (name: string): Promise<string> => {
  const folders = ['/usr/bin', '/bin'];
  for (const folder of folders) if ((await readdir(folder)).includes(name)) return join(folder, name);
  throw new Error(`no ${name}`);
};

const program = async (path: string, content: string): Promise<string> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
};

const locate = (options: Partial<LocateOptions> = {}, lines: string[] = []) =>
  locateRcodesign({
    env,
    signal,
    onProgress: (line) => lines.push(line),
    release: nowhere,
    ...options,
  });

/** A stand-in for cargo: writes what it would build to `<root>/bin/rcodesign`, as its real one does. */
const cargo = (answer: string): Promise<string> =>
  program(
    join(room, 'bin/cargo'),
    `#!/bin/sh
while [ "$1" != --root ]; do shift; done
echo "   Compiling ring v0.17.8" >&2
mkdir -p "$2/bin" && cat >"$2/bin/rcodesign" <<'END'
${answer}END
chmod 755 "$2/bin/rcodesign"
`,
  );

/** A release archive as the project makes them, served on loopback. */
async function serveRelease(answer: string): Promise<{ url: string; sha256Hex: string }> {
  await program(join(room, 'apple-codesign-0.29.0-x/rcodesign'), answer);
  await writeFile(join(room, 'apple-codesign-0.29.0-x/COPYING'), 'MPL-2.0');
  const file = join(room, 'release.tar.gz');
  await create({ gzip: true, cwd: room, file }, ['apple-codesign-0.29.0-x']);
  const bytes = await readFile(file);
  const server = createServer((request, response) => {
    if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
    else response.end(bytes);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/old`;
  return { url, sha256Hex: createHash('sha256').update(bytes).digest('hex') };
}

const cacheEntries = (): Promise<string[]> => readdir(cacheFolder(env));

test('the real program answers with the version that is wanted', async () => {
  await expect(locate({ env: { ...env, PERRY_RCODESIGN: rcodesignPath } })).resolves.toEqual({
    path: rcodesignPath,
    version: '0.29.0',
    source: 'setting',
  });
});

describe('the order', () => {
  test('a setting that is wrong is an error, not passed over', async () => {
    await program(join(room, 'bin/rcodesign'), rightAnswer);
    const old = await program(join(room, 'old'), wrongAnswer);
    for (const path of [old, join(room, 'absent'), room]) {
      await expect(locate({ env: { ...env, PERRY_RCODESIGN: path } })).rejects.toMatchObject({
        code: 'RCODESIGN_UNUSABLE',
        failure: { kind: 'host', summary: expect.not.stringContaining(room) },
      });
    }
  });

  test('PATH comes before the cache, unless it has another version', async () => {
    const cached = await program(cachedProgram(cacheFolder(env)), rightAnswer);
    const onPath = await program(join(room, 'bin/rcodesign'), rightAnswer);
    await expect(locate()).resolves.toMatchObject({ path: onPath, source: 'path' });
    await program(onPath, wrongAnswer);
    const lines: string[] = [];
    await expect(locate({}, lines)).resolves.toMatchObject({ path: cached, source: 'cache' });
    expect(lines[0]).toContain('apple-codesign 0.27.0');
  });
});

describe('fetching', () => {
  test('downloads the pinned archive through a redirect, once', async () => {
    const release = await serveRelease(rightAnswer);
    const tool = await locate({ release });
    expect(tool).toMatchObject({ path: cachedProgram(cacheFolder(env)), source: 'release' });
    expect(await cacheEntries()).toEqual(['rcodesign-0.29.0']);
    expect(await readdir(join(cacheFolder(env), 'rcodesign-0.29.0'))).toEqual(['bin']);
    await expect(locate()).resolves.toMatchObject({ source: 'cache' });
  });

  test('an archive with another hash is not unpacked; cargo builds instead', async () => {
    const { url } = await serveRelease(rightAnswer);
    await cargo(rightAnswer);
    const lines: string[] = [];
    const tool = await locate({ release: { url, sha256Hex: '11'.repeat(32) } }, lines);
    expect(tool.source).toBe('cargo');
    expect(lines.join('\n')).toMatch(/the archive has SHA-256 \w{64}, expected 1111/);
    expect(lines.join('\n')).toContain('1 crates begun (ring v0.17.8)');
    expect(await cacheEntries()).toEqual(['rcodesign-0.29.0']);
  });

  test('several at once end with one program, and all can use it', async () => {
    await cargo(rightAnswer);
    const release = await serveRelease(rightAnswer);
    const tools = await Promise.all([
      locate(),
      locate({ release }),
      locate({ release }),
      locate(),
      locate({ release }),
    ]);
    expect(new Set(tools.map(({ path }) => path)).size).toBe(1);
    expect(await cacheEntries()).toEqual(['rcodesign-0.29.0']);
  });

  test('a broken program in the cache is replaced, and what a killed build left is removed', async () => {
    await program(cachedProgram(cacheFolder(env)), '#!/bin/sh\nexit 1\n');
    const abandoned = join(cacheFolder(env), '.rcodesign-0.29.0-abc');
    await program(join(abandoned, 'x'), '');
    await utimes(abandoned, 1, 1);
    await cargo(rightAnswer);
    await expect(locate()).resolves.toMatchObject({ source: 'cargo' });
    expect(await cacheEntries()).toEqual(['rcodesign-0.29.0']);
    await expect(locate()).resolves.toMatchObject({ source: 'cache' });
  });

  test('when neither way works it says what to do, and leaves nothing behind', async () => {
    const lines: string[] = [];
    await expect(locate({}, lines)).rejects.toMatchObject({
      code: 'RCODESIGN_MISSING',
      failure: { kind: 'host', nextStep: expect.stringContaining('cargo install --locked apple-codesign') },
    });
    expect(lines.join('\n')).toContain('rcodesign by release');
    await cargo(wrongAnswer);
    await expect(locate()).rejects.toMatchObject({ code: 'RCODESIGN_MISSING' });
    expect(await cacheEntries()).toEqual([]);
  });

  test('an abort ends a build at once', async () => {
    await program(
      join(room, 'bin/cargo'),
      '#!/bin/sh\necho "   Compiling a v1" >&2\nexec tail -f /dev/null\n',
    );
    const controller = new AbortController();
    const onProgress = (line: string): void => {
      if (line.includes('crates')) controller.abort(new Error('enough'));
    };
    await expect(locate({ signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(await cacheEntries()).toEqual([]);
  });
});

test('an archive is pinned for each machine that production and development run on', () => {
  expect(pinnedRelease('darwin', 'arm64')?.url).toMatch(/0\.29\.0-aarch64-apple-darwin\.tar\.gz$/);
  expect(pinnedRelease('linux', 'x64')?.sha256Hex).toHaveLength(64);
  expect(pinnedRelease('freebsd', 'x64')).toBeUndefined();
});
