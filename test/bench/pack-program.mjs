/**
 * Packages a signed bundle with the daemon's own writers, as a program of its own: what a shell script would call.
 *
 *     node pack-program.mjs dmg|ipa APP OUT
 */
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [format, app, out] = process.argv.slice(2);
const files = new URL('../../dist/src/files/', import.meta.url);
const signal = new AbortController().signal;
const sourceDate = new Date();

if (format === 'dmg') {
  const { DmgWriter, volumeEntries } = await import(new URL('dmg/write.js', files));
  const root = await volumeEntries(app, basename(app));
  const parts = new DmgWriter({ volumeName: basename(app, '.app'), sourceDate }).finish({ root, signal });
  const bytes = async function* () {
    for await (const part of parts) yield part.bytes;
  };
  await pipeline(bytes, createWriteStream(out));
} else {
  const { writeIpa } = await import(new URL('archive/write-ipa.js', files));
  const ipa = writeIpa({ appDir: app, appFolderName: basename(app), sourceDate, signal });
  await pipeline(ipa, createWriteStream(out));
}
