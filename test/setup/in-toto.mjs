/**
 * Fetches the Python package of the in-toto project, for the tests that let it judge our statements: at a fixed version,
 * into the cache folder of this user. Quick when it is there; without Python, pip or a registry those tests are skipped,
 * with the reason printed here.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, run, say } from './registry.mjs';

const VERSION = '0.9.3';
/** It has no upper bound of its own; its generated code runs with these. */
const packages = [`in-toto-attestation==${VERSION}`, 'protobuf>=5,<8'];

const cache = cacheFolder('in-toto');
const folder = join(cache, VERSION);

function fetchPackage() {
  const work = mkdtempSync(join(cache, '.part-'));
  try {
    const how = ['--quiet', '--timeout=30', '--only-binary=:all:', '--target', work];
    const trouble = run('python3', ['-m', 'pip', 'install', ...how, ...packages]);
    if (!trouble) renameSync(work, folder);
    return trouble;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

mkdirSync(cache, { recursive: true });
if (!existsSync(folder)) {
  say(`fetching ${packages[0]} from PyPI (statements of in-toto judged by its own package)`);
  const trouble = fetchPackage();
  if (trouble) say(`it could not be fetched, so the tests with it are skipped: ${trouble}`);
}
if (existsSync(folder)) say('the judge of in-toto statements is here');
