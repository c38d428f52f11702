import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/adapters/process/run.ts';

/** The real program: what the set-up of the tests has put into the cache, unless PERRY_RCODESIGN says otherwise. */
export const rcodesignPath =
  process.env.PERRY_RCODESIGN ??
  join(
    ...(process.platform === 'darwin'
      ? [homedir(), 'Library', 'Caches']
      : [process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')]),
    'perry-ship/rcodesign-0.29.0/bin/rcodesign',
  );

export async function rcodesign(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(rcodesignPath, ['-C', '/dev/null', ...args]);
  if (exitCode !== 0) throw new Error(`rcodesign ${args[0]}: ${stderr}`);
  return stdout;
}

/** A throw-away identity as PEM, certificate and key in one. */
export async function makeIdentity(folder: string, algorithm: 'rsa' | 'ecdsa' = 'rsa'): Promise<string> {
  const file = join(folder, `${algorithm}.pem`);
  const names = ['--person-name', 'Jürgen Tester', '--team-id', 'TEAM123456'];
  await rcodesign(
    'generate-self-signed-certificate',
    ...names,
    '--algorithm',
    algorithm,
    '--pem-unified-file',
    file,
  );
  return file;
}

export async function makeMachO(file: string, ...options: string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rcodesign('debug-create-macho', ...options, file);
  await chmod(file, 0o755);
}

export async function writeIn(root: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

export const infoPlist = (identifier: string, executable: string | undefined, type: string): string =>
  plist(
    `<key>CFBundleIdentifier</key><string>${identifier}</string><key>CFBundlePackageType</key><string>${type}</string>${
      executable === undefined ? '' : `<key>CFBundleExecutable</key><string>${executable}</string>`
    }`,
  );

export const plist = (entries: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>${entries}</dict></plist>
`;

export const helperScope = 'Contents/Helpers/Hélper One.app';
export const frameworkScope = 'Contents/Frameworks/Größe.framework/Versions/A';
export const toolScope = 'Contents/Resources/node_modules/@scope/tool';

/** A macOS app with a versioned framework, a helper app and a tool in a scoped module; names that need quoting. */
export async function makeMacApp(app: string): Promise<void> {
  await makeMachO(join(app, 'Contents/MacOS/Über App'));
  await writeIn(app, 'Contents/Info.plist', infoPlist('com.example.ueber', 'Über App', 'APPL'));
  await writeIn(app, 'Contents/Resources/Häuser & "Co".txt', 'data');
  await mkdir(join(app, helperScope, 'Contents/MacOS'), { recursive: true });
  await cp(join(app, 'Contents/MacOS/Über App'), join(app, helperScope, 'Contents/MacOS/Helper'));
  await writeIn(app, `${helperScope}/Contents/Info.plist`, infoPlist('com.example.helper', 'Helper', 'APPL'));
  await mkdir(join(app, dirname(toolScope)), { recursive: true });
  await cp(join(app, 'Contents/MacOS/Über App'), join(app, toolScope));
  await makeMachO(join(app, frameworkScope, 'Größe'), '--file-type', 'dylib');
  await writeIn(
    app,
    `${frameworkScope}/Resources/Info.plist`,
    infoPlist('com.example.groesse', 'Größe', 'FMWK'),
  );
  const framework = join(app, dirname(dirname(frameworkScope)));
  await symlink('A', join(framework, 'Versions/Current'));
  await symlink('Versions/Current/Größe', join(framework, 'Größe'));
  await symlink('Versions/Current/Resources', join(framework, 'Resources'));
}

export const machOPaths = [
  'Contents/MacOS/Über App',
  `${helperScope}/Contents/MacOS/Helper`,
  `${frameworkScope}/Größe`,
  toolScope,
];
