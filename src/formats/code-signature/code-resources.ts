import type { Pieces } from '../../turns.ts';
import { type PlistDict, PlistReal, type PlistValue } from '../plist/index.ts';
import { malformed } from './malformed.ts';
import { pathPattern } from './path-pattern.ts';
import { PatternBudget } from './path-pattern-budget.ts';
import { asDictionary, parseLargePlist } from './property-list.ts';
import type { ResourceRule } from './resource-rules.ts';

/** One item that `_CodeSignature/CodeResources` seals. */
export type SealedItem =
  | { readonly kind: 'file'; readonly sha256: Buffer; readonly optional: boolean }
  | { readonly kind: 'symlink'; readonly target: string; readonly optional: boolean }
  | {
      readonly kind: 'nested';
      /** 20 bytes; of one of the CodeDirectories of the nested code. */
      readonly cdHash?: Buffer;
      readonly requirement?: string;
      readonly optional: boolean;
    };

/** The seal over the files of one bundle; paths are composed (NFC) and count from its content root (`Contents` in a Mac app). */
export interface CodeResources {
  readonly items: ReadonlyMap<string, SealedItem>;
  readonly rules: readonly ResourceRule[];
}

const MAX_ITEMS = 500_000;
const MAX_RULES = 200;
/** Looked at in one go: some milliseconds. */
const ITEMS_PER_PIECE = 1_000;
/** macOS' PATH_MAX. */
const MAX_PATH_CHARACTERS = 1024;
/**
 * More accents on one letter than any language has (UAX #15, Stream-Safe Text Format). To compose a text they are put in
 * order, in time that grows with the square of how many there are.
 */
const MANY_ACCENTS = /\p{M}{31}/u;
const SHA256_BYTES = 32;
const WHAT = 'CodeResources file';

/**
 * Reads the seal of version 2 (`files2`, `rules2`), which every tool since OS X 10.9.5 writes; the older lists
 * beside it are for systems that no bundle of ours runs on.
 *
 * @throws ShipError SIGNATURE_MALFORMED
 * @see https://developer.apple.com/library/archive/technotes/tn2206/
 */
export function* parseCodeResources(bytes: Buffer): Pieces<CodeResources> {
  const root = asDictionary(yield* parseLargePlist(bytes, WHAT));
  const files = asDictionary(root?.files2);
  const rules = asDictionary(root?.rules2);
  if (!files || !rules)
    throw malformed(
      WHAT,
      'it has no "files2" and "rules2", and macOS takes no older form of a seal any more',
    );
  return { items: yield* sealedItems(files), rules: readRules(rules) };
}

function* sealedItems(files: PlistDict): Pieces<Map<string, SealedItem>> {
  const entries = Object.entries(files);
  if (entries.length > MAX_ITEMS) throw malformed(WHAT, `it seals ${entries.length} files`);
  const items = new Map<string, SealedItem>();
  for (const [index, [path, value]] of entries.entries()) {
    if (path.length > MAX_PATH_CHARACTERS || MANY_ACCENTS.test(path))
      throw malformed(WHAT, 'it seals a path that no file can have');
    items.set(path.normalize('NFC'), sealedItem(path, value));
    if (index % ITEMS_PER_PIECE === 0) yield;
  }
  return items;
}

function sealedItem(path: string, value: PlistValue): SealedItem {
  const entry = asDictionary(value);
  if (!entry) throw malformed(WHAT, `its entry "${path}" has no SHA-256 digest`);
  const optional = entry.optional === true;
  if (typeof entry.symlink === 'string') return { kind: 'symlink', target: entry.symlink, optional };
  const sha256 = data(entry.hash2);
  if (sha256) {
    if (sha256.length !== SHA256_BYTES)
      throw malformed(WHAT, `the digest of "${path}" has ${sha256.length} bytes`);
    return { kind: 'file', sha256, optional };
  }
  const cdHash = data(entry.cdhash);
  const requirement = entry.requirement;
  if (!cdHash && typeof requirement !== 'string') throw malformed(WHAT, `its entry "${path}" seals nothing`);
  return {
    kind: 'nested',
    ...(cdHash && { cdHash }),
    ...(typeof requirement === 'string' && { requirement }),
    optional,
  };
}

const data = (value: PlistValue | undefined): Buffer | undefined =>
  Buffer.isBuffer(value) ? value : undefined;

function readRules(rules: PlistDict): ResourceRule[] {
  const entries = Object.entries(rules);
  if (entries.length > MAX_RULES) throw malformed(WHAT, `it has ${entries.length} rules`);
  const budget = new PatternBudget();
  return entries.map(([source, value]) => {
    const rule: PlistDict | undefined = value === true ? {} : asDictionary(value);
    if (!rule) throw malformed(WHAT, `its rule "${source}" has no known form`);
    return {
      matches: pathPattern(source, budget),
      weight: weightOf(rule.weight),
      omit: rule.omit === true,
      nested: rule.nested === true,
      optional: rule.optional === true,
    };
  });
}

function weightOf(value: PlistValue | undefined): number {
  const weight = value instanceof PlistReal ? value.value : value;
  return typeof weight === 'number' ? weight : 1;
}
