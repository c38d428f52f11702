import { cp, mkdir, open, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stageIosDemoApp } from '../../src/demo/bundles/ios-app.ts';
import { infoPlist, makeMacApp, makeMachO, rcodesign, writeIn } from './rcodesign-fixtures.ts';

export type Signing = 'ad hoc' | { readonly pem: string; readonly timestampUrl?: string };

export const sign = (signing: Signing, path: string, ...options: string[]): Promise<string> =>
  signing === 'ad hoc'
    ? rcodesign('sign', ...options, path)
    : rcodesign(
        'sign',
        '--pem-file',
        signing.pem,
        '--timestamp-url',
        signing.timestampUrl ?? 'none',
        ...options,
        path,
      );

/** Two architectures, versioned framework, helper app, links in places where code lies, a resource bundle. */
export async function makeRichMacApp(app: string): Promise<void> {
  await makeMacApp(app);
  const main = join(app, 'Contents/MacOS/Über App');
  await rename(main, `${main}.arm`);
  await makeMachO(`${main}.intel`, '--architecture', 'x86-64');
  await rcodesign('macho-universal-create', '-o', `${main}.fat`, `${main}.arm`, `${main}.intel`);
  await rename(`${main}.fat`, main);
  await rcodesign('sign', `${main}.arm`);
  await mkdir(join(app, 'Contents/Frameworks'), { recursive: true });
  await rename(`${main}.intel`, join(app, 'Contents/Frameworks/libfoo.1.dylib'));
  await rename(`${main}.arm`, join(app, 'Contents/Resources/data.bin'));
  await symlink('libfoo.1.dylib', join(app, 'Contents/Frameworks/libfoo.dylib'));
  await symlink('data.bin', join(app, 'Contents/Resources/link'));
  await writeIn(
    app,
    'Contents/Resources/Strings.bundle/Contents/Info.plist',
    infoPlist('com.example.s', undefined, 'BNDL'),
  );
  await writeIn(app, 'Contents/Resources/Strings.bundle/Contents/Resources/a.txt', 'text');
  await writeIn(app, 'Contents/Resources/en.lproj/Localizable.strings', '"a" = "b";');
  await writeIn(app, 'Contents/PkgInfo', 'APPL????');
}

/** A flat app with an extension, a framework and a bundle of resources. */
export async function makeRichIosApp(folder: string): Promise<string> {
  const app = await stageIosDemoApp(folder);
  const binary = join(app, 'PerryDemo');
  for (const [bundle, name, type] of [
    ['PlugIns/Share.appex', 'Share', 'XPC!'],
    ['Frameworks/Kit.framework', 'Kit', 'FMWK'],
  ] as const) {
    await writeIn(app, `${bundle}/Info.plist`, infoPlist(`com.example.perrydemo.${name}`, name, type));
    await cp(binary, join(app, bundle, name));
    await writeIn(app, `${bundle}/data.json`, '{}');
  }
  await writeIn(app, 'Settings.bundle/Root.plist', infoPlist('x', undefined, 'y'));
  await writeIn(app, 'embedded.mobileprovision', 'profile');
  return app;
}

/** A file with the trailer of a disk image: all that signing needs of one. */
export async function makeBareDmg(path: string): Promise<void> {
  const content = Buffer.alloc(100_000, 'disk image ');
  const trailer = Buffer.alloc(512);
  trailer.write('koly');
  trailer.writeUInt32BE(4, 4);
  trailer.writeUInt32BE(512, 8);
  trailer.writeBigUInt64BE(90_000n, 32);
  trailer.writeBigUInt64BE(90_000n, 216);
  trailer.writeBigUInt64BE(10_000n, 224);
  await writeFile(path, Buffer.concat([content, trailer]));
}

/** Changes one byte for the time of `use`. */
export async function withFlippedByte<T>(
  path: string,
  at: number,
  mask: number,
  use: () => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  try {
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ mask]), 0, 1, at);
    return await use();
  } finally {
    await file.write(byte, 0, 1, at);
    await file.close();
  }
}

/** Numbers below `below`, the same in every run with the same seed (mulberry32). */
export function seededNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
