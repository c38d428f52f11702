import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
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

/** The registry of this emulator is empty: all that a pull ends with is the answer of a server without that image. */
export async function implicitPull(_home, image) {
  process.stdout.write(`pulling ${image}...\npulling manifest...\n`);
  await pause(1_000);
  throw described(
    `UnexpectedHTTPStatusCode(when: "pulling manifest", code: 404, details: "no such image: ${image}")`,
  );
}

/** Names of all images in the cache. */
export async function cachedNames(home) {
  const items = await readdir(home.cache, { recursive: true, withFileTypes: true }).catch(() => []);
  return items
    .filter((item) => item.isDirectory() && isWhole(join(item.parentPath, item.name)))
    .map((item) => `${item.parentPath.slice(home.cache.length + 1)}:${item.name}`)
    .sort();
}
