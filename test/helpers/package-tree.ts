import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders, an empty file, names beyond ASCII, a link, more files than a node holds, and code for two processors. */
export async function makePackageTree(folder: string): Promise<string> {
  const app = join(folder, 'Größe.app');
  const resources = join(app, 'Contents/Resources');
  await mkdir(join(resources, 'many'), { recursive: true });
  await mkdir(join(app, 'Contents/MacOS'));
  await mkdir(join(resources, 'e\u0301mpty'));
  for (let index = 0; index < 600; index += 1)
    await writeFile(join(resources, 'many', `f${index}.txt`), 'x'.repeat(index));
  await writeFile(join(resources, 'nothing'), '');
  await writeFile(join(resources, 'zebra'), 'z');
  await writeFile(join(resources, 'Zebra2'), 'z');
  await writeFile(join(resources, 'ébène'), 'e');
  await writeFile(join(resources, 'large'), Buffer.alloc(3_000_000, 'large '));
  await symlink('large', join(resources, 'link'));
  await writeFile(join(app, 'Contents/MacOS/Tool'), thinCode(), { mode: 0o755 });
  await writeFile(join(app, 'Contents/MacOS/Both'), universalCode(), { mode: 0o755 });
  await writeFile(join(app, 'Contents/Info.plist'), INFO);
  return app;
}

/** A header for arm64, and nothing that it speaks of. */
function thinCode(): Buffer {
  const code = Buffer.alloc(5_000);
  code.writeUInt32LE(0xfeedfacf, 0);
  code.writeUInt32LE(0x0100000c, 4);
  code.writeUInt32LE(2, 12);
  return code;
}

function universalCode(): Buffer {
  const code = Buffer.alloc(0xa000);
  const slices = [
    [0x01000007, 3, 0x4000, 0x2000, 12],
    [0x0100000c, 0, 0x8000, 0x2000, 12],
  ].flat();
  for (const [index, value] of [0xcafebabe, 2, ...slices].entries()) code.writeUInt32BE(value, 4 * index);
  return code;
}

const INFO = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleIdentifier</key><string>com.example.groesse</string>
<key>CFBundleShortVersionString</key><string>1.0</string>
<key>CFBundleVersion</key><string>7</string>
<key>CFBundleName</key><string>Size &amp; "Weight"</string>
<key>CFBundleExecutable</key><string>Both</string>
<key>LSMinimumSystemVersion</key><string>13.0</string>
</dict></plist>
`;
