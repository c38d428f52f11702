import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { described } from './failures.mjs';
import { isWhole } from './home.mjs';

/** `host/name/space:tag` → cache/OCIs/host/name/space/tag, a folder here (a link to a digest in the real one). */
function placeOf(home, image) {
  const [, path, tag] = /^(.*?)(?:[:@]([^/]+))?$/.exec(image) ?? [];
  return join(home.cache, path, tag ?? 'latest');
}

export async function cached(home, image) {
  const dir = placeOf(home, image);
  return existsSync(dir) && isWhole(dir) ? dir : undefined;
}

/** The registry has what lies in TART_HOME/.emulator/registry; otherwise its server has no such image. */
export async function implicitPull(home, image, knobs) {
  process.stdout.write(`pulling ${image}...\npulling manifest...\n`);
  const source = placeOf({ cache: home.registry }, image);
  if (existsSync(source)) return deliver(source, placeOf(home, image), knobs.times.pullStep);
  await pause(1_000);
  throw described(
    `UnexpectedHTTPStatusCode(when: "pulling manifest", code: 404, details: "no such image: ${image}")`,
  );
}

async function deliver(source, place, stepMs) {
  process.stdout.write('pulling disk (30.1 GB compressed)...\n');
  for (const percent of [0, 25, 50, 75, 100]) {
    process.stdout.write(`${percent}%\n`);
    await pause(stepMs);
  }
  process.stdout.write('pulling NVRAM...\n');
  await cp(source, place, { recursive: true });
  return place;
}

/** Names of all images in the cache. */
export async function cachedNames(home) {
  const items = await readdir(home.cache, { recursive: true, withFileTypes: true }).catch(() => []);
  return items
    .filter((item) => item.isDirectory() && isWhole(join(item.parentPath, item.name)))
    .map((item) => `${item.parentPath.slice(home.cache.length + 1)}:${item.name}`)
    .sort();
}
