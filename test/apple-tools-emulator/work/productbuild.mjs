/** `productbuild.mjs --component APP /Applications OUT`: an unsigned flat package, as the store wants it. */
import { chmod, readFile, readlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { listTree } from '../../../dist/src/files/disk/tree.js';
import { parsePlistDict, stringAt } from '../../../dist/src/formats/plist/index.js';
import { flatPackage } from './flat-package.mjs';

const [option, app = '', place = '', out = ''] = process.argv.slice(2);

function fail(text) {
  process.stderr.write(`productbuild: error: ${text}\n`);
  process.exit(1);
}

if (option !== '--component' || out === '') fail('this emulator knows --component only');

const infoBytes = await readFile(join(app, 'Contents/Info.plist')).catch(() =>
  fail(`No bundle at path ${app}`),
);
const info = parsePlistDict(infoBytes, { name: 'Info.plist' });
const identifier = stringAt(info, 'CFBundleIdentifier') ?? 'unknown';
const version = stringAt(info, 'CFBundleShortVersionString') ?? '0';
const folder = basename(app);

/** The old portable form (POSIX.1), which is what payloads are in. */
function cpioEntry({ path, mode, content }, inode) {
  const octal = (value, digits) => value.toString(8).padStart(digits, '0');
  const nameBytes = Buffer.byteLength(path) + 1;
  const numbers = [0, inode, mode, 0, 0, 1, 0].map((value) => octal(value, 6)).join('');
  const head = `070707${numbers}${octal(0, 11)}${octal(nameBytes, 6)}${octal(content.length, 11)}`;
  return Buffer.concat([Buffer.from(`${head}${path}\0`), content]);
}

async function payload() {
  const entries = [{ path: `./${folder}`, mode: 0o40755, content: Buffer.alloc(0) }];
  for (const { path, type, mode } of await listTree(app)) {
    const at = join(app, path);
    const kind = { file: 0o100000, directory: 0o40000, symlink: 0o120000 }[type];
    const content =
      type === 'file'
        ? await readFile(at)
        : type === 'symlink'
          ? Buffer.from(await readlink(at))
          : Buffer.alloc(0);
    entries.push({ path: `./${folder}/${path}`, mode: kind | mode, content });
  }
  entries.push({ path: 'TRAILER!!!', mode: 0, content: Buffer.alloc(0) });
  return gzipSync(Buffer.concat(entries.map(cpioEntry)));
}

const xml = '<?xml version="1.0" encoding="utf-8"?>\n';
const packageInfo = `${xml}<pkg-info overwrite-permissions="true" relocatable="false" identifier="${identifier}" postinstall-action="none" version="${version}" format-version="2" install-location="${place}" auth="root">
    <payload numberOfFiles="1" installKBytes="1"/>
</pkg-info>\n`;
const distribution = `${xml}<installer-gui-script minSpecVersion="2">
    <pkg-ref id="${identifier}"/>
    <product id="${identifier}" version="${version}"/>
    <title>${folder.replace(/\.app$/, '')}</title>
    <options customize="never" require-scripts="false" hostArchitectures="x86_64,arm64"/>
    <choices-outline><line choice="default"><line choice="${identifier}"/></line></choices-outline>
    <choice id="default"/>
    <choice id="${identifier}" visible="false"><pkg-ref id="${identifier}"/></choice>
    <pkg-ref id="${identifier}" version="${version}" onConclusion="none">#${identifier}.pkg</pkg-ref>
</installer-gui-script>\n`;
/** The head of a bill of materials; nobody here reads more. */
const bom = Buffer.concat([Buffer.from('BOMStore'), Buffer.alloc(504)]);

await writeFile(
  out,
  flatPackage([
    {
      name: `${identifier}.pkg`,
      files: [
        { name: 'Bom', content: bom },
        { name: 'Payload', content: await payload() },
        { name: 'PackageInfo', content: Buffer.from(packageInfo) },
      ],
    },
    { name: 'Distribution', content: Buffer.from(distribution) },
  ]),
);
await chmod(out, 0o644);
process.stdout.write(`productbuild: Wrote product to ${out}\n`);
