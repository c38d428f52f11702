/**
 * Gets the golden image of the tests with real machines, before `npm run test:vm`: quick when there is one of the present
 * recipe. Installs by apt what builds it, as root; otherwise says what is missing, and those tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const IMAGE = 'perry-ship-golden';
const dist = new URL('../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const say = (line) => process.stdout.write(`setup: ${line}\n`);

const { cacheFolder } = await load('cache-folder.js');
const { recipeFor } = await load('golden-image/qemu/recipe.js');
const { recipeDigest } = await load('golden-image/qemu/recipe-files.js');
const { requireTools } = await load('golden-image/qemu/host-tools.js');
const { readImageFacts } = await load('golden-image/qemu/store.js');
const { locateRcodesign } = await load('adapters/rcodesign/locate.js');
const { digestOfFile } = await load('files/disk/digested-file.js');

const imageDir = process.env.PERRY_IMAGE_DIR || join(cacheFolder(process.env), 'test-images');
const { signal } = new AbortController();

const aptGet = (...args) =>
  spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 900_000,
  });

/** Whether an image can be built here now. */
const hasTools = async (recipe) => {
  const missing = await requireTools(recipe, process.env).catch((error) => error);
  if (missing === undefined) return true;
  const packages = missing.detail?.packages ?? [];
  const mayInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0 && packages.length > 0;
  if (!mayInstall) {
    say(`${missing.message}; the tests with real machines are skipped`);
    return false;
  }
  say(`apt-get install ${packages.join(' ')}`);
  aptGet('update');
  aptGet('install', '--yes', '--no-install-recommends', ...packages);
  await requireTools(recipe, process.env);
  return true;
};

/** Of the present recipe, and of the rcodesign that the other tests sign with. */
const isThere = async (recipe) => {
  const { path } = await locateRcodesign({ env: process.env, signal, onProgress: say });
  const wanted = await recipeDigest(recipe, (await digestOfFile(path, signal)).sha256Hex);
  const found = await readImageFacts(imageDir, IMAGE);
  return found?.facts?.recipeSha256Hex === wanted;
};

const build = () => {
  say(`building the golden image in ${imageDir}, once; this takes some minutes`);
  const program = fileURLToPath(new URL('cli/perry-ship.js', dist));
  const args = ['--', program, 'image', 'build', IMAGE, '--driver', 'qemu', '--force'];
  const env = { ...process.env, PERRY_IMAGE_DIR: imageDir };
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
};

if (process.platform !== 'linux') say('machines of QEMU are tried on Linux only; those tests are skipped');
else {
  const recipe = recipeFor();
  if (await hasTools(recipe)) {
    if (await isThere(recipe)) say(`the golden image is here: ${join(imageDir, IMAGE)}`);
    else build();
  }
}
