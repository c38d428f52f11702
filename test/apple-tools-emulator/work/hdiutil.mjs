/**
 *     hdiutil.mjs create [--damaged] -volname NAME -srcfolder DIR -fs HFS+ -format UDZO [-imagekey K=V] [-ov] OUT
 *     hdiutil.mjs verify IMAGE
 */
import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listTree } from '../../../dist/src/files/disk/tree.js';
import { verifyDmg } from '../../../dist/src/files/dmg/read.js';
import { DmgWriter } from '../../../dist/src/files/dmg/write.js';

const { signal } = new AbortController();
const [verb, ...words] = process.argv.slice(2);

/** hdiutil's options have one dash. */
const { values, positionals } = parseArgs({
  args: words.map((word) => (/^-[a-z]/.test(word) ? `-${word}` : word)),
  allowPositionals: true,
  options: {
    damaged: { type: 'boolean' },
    ov: { type: 'boolean' },
    volname: { type: 'string' },
    srcfolder: { type: 'string' },
    fs: { type: 'string' },
    format: { type: 'string' },
    imagekey: { type: 'string' },
  },
});
const [path = ''] = positionals;

function fail(text) {
  process.stderr.write(`hdiutil: ${text}\n`);
  process.exit(1);
}

async function create() {
  const { srcfolder = '', volname = '', fs, format } = values;
  const outPath = path.endsWith('.dmg') ? path : `${path}.dmg`;
  if (fs !== 'HFS+' || format !== 'UDZO') fail('create failed - this emulator makes HFS+ in UDZO only');
  if (existsSync(outPath) && !values.ov) fail('create failed - File exists');
  const entries = await listTree(srcfolder).catch(() => fail('create failed - No such file or directory'));
  const root = entries.map((entry) =>
    entry.type === 'file' ? { ...entry, source: join(srcfolder, entry.path) } : entry,
  );
  const image = new DmgWriter({ volumeName: volname, sourceDate: new Date() });
  await writeFile(outPath, bytesOf(image.finish({ root, signal })));
  if (values.damaged) await changeFirstByte(outPath);
  process.stdout.write(`created: ${outPath}\n`);
}

async function* bytesOf(parts) {
  for await (const { bytes } of parts) yield bytes;
}

async function changeFirstByte(image) {
  const file = await open(image, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 8);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, 8);
  await file.close();
}

async function verify() {
  const isSound = await verifyDmg(path, { signal }).then(
    () => true,
    () => false,
  );
  if (!isSound) fail('verify failed - corrupt image');
  process.stderr.write(`hdiutil: verify: checksum of "${path}" is VALID\n`);
}

await (verb === 'create' ? create() : verify());
