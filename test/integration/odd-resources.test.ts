import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sealFormFault } from '../../src/domain/code-signature/seal-form.ts';
import { checkApp, signApp } from '../helpers/ad-hoc-signing.ts';
import { infoPlist, makeIosApp, makeMacApp } from '../helpers/bundles.ts';

/**
 * Whatever a sender's resource is called: the real rcodesign seals it, or the check refuses it before a machine is used.
 * A finding after signing would be taken for the deed of the machine.
 */
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-resources-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Names that the rules of seals, the Finder, Xcode, file systems or XML know or trip over. */
const ODD = [
  '.DS_Store',
  'a/.DS_Store',
  'x.DS_Store',
  'b/.ds_store',
  '._file',
  '.localized',
  '.LSOverride',
  '.hidden/file',
  '.gitignore',
  '.svn/entries',
  '.git/HEAD',
  'CVS/Root',
  'a/Icon\r',
  'b/Icon',
  'en.lproj/a.strings',
  'en.lproj/locversion.plist',
  'en.lproj/locversionXplist',
  'en.lproj/deep/locversion.plist',
  'a/en.lproj/locversion.plist',
  'Base.lproj/Main.nib',
  'Base.lproj/locversion.plist',
  'de.LPROJ/locversion.plist',
  'fr.lproj/LOCVERSION.PLIST',
  '.lproj/a',
  'locversion.plist',
  'version.plist',
  'a/version.plist',
  'a/Info.plist',
  'a/PkgInfo',
  'PkgInfo',
  'a.dSYM/Contents/Resources/DWARF/a',
  'a.dSYM.zip',
  'embedded.provisionprofile',
  'a/embedded.mobileprovision',
  'a/CodeResources',
  'a/_CodeSignature/CodeResources',
  'a/_CodeSignature/other',
  '_MASReceipt/receipt',
  'a/_MASReceipt/receipt',
  'a/SC_Info/a.sinf',
  'ResourceRules.plist',
  'archived-expanded-entitlements.xcent',
  'Frameworks/a.txt',
  'a/Frameworks/b.c/d.txt',
  'PlugIns/x.y',
  'Watch/x.y',
  'MacOS/x.y/z',
  'b.bundle/file',
  'a.framework/file',
  'a.app/file',
  'a.bundle/Info.plist',
  'a.bundle/Contents/Resources/.DS_Store',
  'a.bundle/en.lproj/locversion.plist',
  'empty',
  'äöü/ẞ',
  'a\u0308o\u0308/e\u0301',
  '日本語.txt',
  '😀.txt',
  "it's.txt",
  'a "b" <c> &amp; d.txt',
  ']]>.txt',
  'a b  c.txt',
  ' leading',
  'trailing ',
  'a$(x)`y`.txt',
  'a*?[b]{c}|d^+.txt',
  'a%2Fb%00.txt',
  'a:b.txt',
  '-rf',
  '--exclude',
  '~',
  '#a#',
  `${'n'.repeat(240)}.txt`,
  Array.from({ length: 20 }, (_, index) => `d${index}`).join('/'),
];

const contentOf = (path: string): Buffer | string => {
  if (path.endsWith('Info.plist')) return infoPlist({ CFBundlePackageType: 'BNDL' });
  return path === 'empty' ? '' : `content of ${path}`;
};

const filesAt = (folder: string, names: readonly string[]): Record<string, Buffer | string> =>
  Object.fromEntries(names.map((name) => [`${folder}${name}`, contentOf(name)]));

const SEALED = { findings: [], formFault: undefined };

type Target = 'macos-sign' | 'ios-sign';
const makeApp = (target: Target, names: readonly string[]): Promise<string> =>
  target === 'macos-sign'
    ? makeMacApp(dir, { files: filesAt('Contents/Resources/', names) })
    : makeIosApp(dir, { files: filesAt('', names) });

/** What is found after signing, and what the check refused before that. */
async function outcome(target: Target, names: readonly string[]) {
  const appPath = await makeApp(target, names);
  const { survey, errors } = await checkApp(appPath, target);
  const refused = errors.map(({ code, summary }) => `${code} ${summary}`);
  if (refused.length > 0) return { refused };
  const { path, findings } = await signApp(appPath, survey);
  const root = join(path, target === 'macos-sign' ? 'Contents' : '');
  const seal = await readFile(join(root, '_CodeSignature/CodeResources'));
  const isThere = (item: string) => lstat(join(root, item)).then(Boolean, () => false);
  return { findings, formFault: await sealFormFault(seal, isThere, new AbortController().signal) };
}

describe.each<Target>(['macos-sign', 'ios-sign'])('%s: resources with odd names', (target) => {
  test('all together are sealed', async () => {
    expect(await outcome(target, ODD)).toEqual(SEALED);
  });

  test('made of odd parts are sealed', async () => {
    const parts = fc.constantFrom(...new Set(ODD.flatMap((name) => name.split('/')).filter(isNoBundlePart)));
    const path = fc.array(parts, { maxLength: 3 }).map((words) => ['odd', ...words, 'x y.z'].join('/'));
    const apps = fc.asyncProperty(fc.uniqueArray(path, { minLength: 40, maxLength: 80 }), async (names) => {
      await rm(dir, { recursive: true, force: true });
      expect(await outcome(target, withoutConflicts(names))).toEqual(SEALED);
    });
    await fc.assert(apps, { numRuns: 5, seed: 8, endOnFailure: true });
  });
});

/** A folder of such a name makes what it lies in a bundle, or is refused: as a program, or for its control character. */
const isNoBundlePart = (name: string): boolean =>
  !['Info.plist', 'PkgInfo', '.DS_Store', 'Contents', 'Icon\r'].includes(name);

/** No path that is another in other spelling, itself or a folder of it, or that another goes through. */
function withoutConflicts(paths: readonly string[]): string[] {
  const taken = new Map<string, string>();
  return paths.filter((path) => {
    const parts = path.split('/');
    const items = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const spelled = items.map(
      (item) => [item.toLowerCase().normalize('NFD'), item === path ? path : `${item}/`] as const,
    );
    if (spelled.some(([key, item]) => (taken.get(key) ?? item) !== item || taken.get(key) === path))
      return false;
    for (const [key, item] of spelled) taken.set(key, item);
    return true;
  });
}
