import { asDictionary, parseLargePlist } from '../../formats/code-signature/property-list.ts';
import { type PlistDict, PlistReal, type PlistValue, plistFormat } from '../../formats/plist/index.ts';
import { inTurns } from '../../turns.ts';
import { hasAsides } from './plain-xml.ts';

/**
 * The rules that current tools write (rcodesign 0.29.0 and Apple's codesign the same), for a bundle whose resources lie
 * in a folder and for a flat one. Each as `weight` and marks; 1 when nothing is said.
 */
const deep: Readonly<Record<string, string>> = {
  '.*\\.dSYM($|/)': '11',
  '^(.*/)?\\.DS_Store$': '2000 omit',
  '^(Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS|Library/(Automator|Spotlight|LoginItems))/':
    '10 nested',
  '^.*': '1',
  '^Info\\.plist$': '20 omit',
  '^PkgInfo$': '20 omit',
  '^Resources/': '20',
  '^Resources/.*\\.lproj/': '1000 optional',
  '^Resources/.*\\.lproj/locversion.plist$': '1100 omit',
  '^Resources/Base\\.lproj/': '1010',
  '^[^/]+$': '10 nested',
  '^embedded\\.provisionprofile$': '20',
  '^version\\.plist$': '20',
};
const flat: Readonly<Record<string, string>> = {
  '.*\\.dSYM($|/)': '11',
  '^(.*/)?\\.DS_Store$': '2000 omit',
  '^.*': '1',
  '^.*\\.lproj/': '1000 optional',
  '^.*\\.lproj/locversion.plist$': '1100 omit',
  '^Base\\.lproj/': '1010',
  '^Info\\.plist$': '20 omit',
  '^PkgInfo$': '20 omit',
  '^embedded\\.provisionprofile$': '20',
  '^version\\.plist$': '20',
};
/** Of the older list, for systems before 10.9.5. */
const oldRules: Readonly<Record<string, string>> = {
  '^Resources/': '1',
  '^Resources/.*\\.lproj/': '1000 optional',
  '^Resources/.*\\.lproj/locversion.plist$': '1100 omit',
  '^Resources/Base\\.lproj/': '1010',
  '^.*': '1',
  '^.*\\.lproj/': '1000 optional',
  '^.*\\.lproj/locversion.plist$': '1100 omit',
  '^Base\\.lproj/': '1010',
  '^version.plist$': '1',
};
const PARTS = ['files', 'files2', 'rules', 'rules2'];
const OPTIONAL_PLACE = /(?:^|\/)[^/]*\.lproj\//;
const WHAT = 'CodeResources file';

/**
 * Looks whether a seal is in the form that signing gives it: with the usual rules, which leave out nothing more, and
 * with no item that may be missing but those of languages. What its digests say is for `sealFindings` to check.
 *
 * @param isThere - whether an item is in the bundle, by its path in the seal
 * @returns what differs, in words
 * @throws ShipError SIGNATURE_MALFORMED · the signal's reason
 */
export async function sealFormFault(
  bytes: Buffer,
  isThere: (path: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (plistFormat(bytes) === 'binary') return 'It is in a form that signing does not write.';
  if (hasAsides(bytes.toString('utf8'))) return 'It holds text that readers may take in different ways.';
  const root = asDictionary(await inTurns(parseLargePlist(bytes, WHAT), signal)) ?? {};
  const part = Object.keys(root).find((key) => !PARTS.includes(key));
  if (part !== undefined) return `It has a part "${part.slice(0, 100)}".`;
  const rules = asDictionary(root.rules2) ?? {};
  const rule = strangeRule(rules, '^Resources/' in rules ? deep : flat);
  if (rule !== undefined) return `It has the rule "${rule.slice(0, 100)}".`;
  if (!('^.*' in rules)) return 'It has no rule for all files.';
  const oldRule = strangeRule(asDictionary(root.rules) ?? {}, oldRules);
  if (oldRule !== undefined) return `It has the rule "${oldRule.slice(0, 100)}".`;
  return itemFault(asDictionary(root.files2) ?? {}, asDictionary(root.files) ?? {}, (path) => {
    signal.throwIfAborted();
    return isThere(path);
  });
}

const strangeRule = (rules: PlistDict, known: Readonly<Record<string, string>>): string | undefined =>
  Object.entries(rules).find(
    ([pattern, value]) => !Object.hasOwn(known, pattern) || known[pattern] !== describe(value),
  )?.[0];

function describe(value: PlistValue): string {
  const { weight = 1, ...marks } = value === true ? {} : (asDictionary(value) ?? { unknown: true });
  const number = weight instanceof PlistReal ? weight.value : weight;
  const words = Object.entries(marks).map(([name, mark]) => (mark === true ? name : `${name}?`));
  return [String(number), ...words.sort()].join(' ');
}

/** Items of the older list are those of the newer one, and what that binds in another way. */
async function itemFault(
  items: PlistDict,
  oldItems: PlistDict,
  isThere: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const [path, item] of [...Object.entries(items), ...Object.entries(oldItems)]) {
    const optional = asDictionary(item)?.optional === true;
    if (optional && !OPTIONAL_PLACE.test(path)) return `It lets "${path.slice(0, 200)}" be missing.`;
    if ((optional || !Object.hasOwn(items, path)) && !(await isThere(path)))
      return `It names "${path.slice(0, 200)}", which is not there.`;
  }
  return undefined;
}
