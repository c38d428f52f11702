import type { CodeResources, SealedItem } from '../../formats/code-signature/code-resources.ts';
import type { Finding, ProblemCode } from '../../formats/code-signature/problem.ts';
import { requirementMismatch } from '../../formats/code-signature/requirement-text.ts';
import { isUsualOmission, treatmentOf } from '../../formats/code-signature/resource-rules.ts';
import { inTurns, type Pieces } from '../../turns.ts';
import type { TreeEntry } from '../disk/tree.ts';
import type { BundleLayout } from './bundle-layout.ts';
import { type BundleTree, below, nameOf } from './bundle-tree.ts';
import type { CodeReport } from './check-signature.ts';
import { type FileDigests, forEachBounded } from './file-digests.ts';

const FILES_AT_ONCE = 4;

export interface SealContext {
  readonly tree: BundleTree;
  readonly digests: FileDigests;
  /** What has been found in nested code, by the path of its file or bundle. */
  readonly code: ReadonlyMap<string, CodeReport>;
  readonly signal: AbortSignal;
}

/** Compared in one go, before others have their turn: some milliseconds with rules of any kind. */
const ENTRIES_PER_PIECE = 500;

/**
 * Compares the files of one bundle with its CodeResources, both ways: every sealed item is there and unchanged,
 * and whatever is there is sealed, unless the rules leave it out.
 *
 * @throws the signal's reason
 */
export async function sealFindings(
  context: SealContext,
  layout: BundleLayout,
  seal: CodeResources,
): Promise<Finding[]> {
  const { findings, files, seen } = await inTurns(compareTree(context, layout, seal), context.signal);
  await forEachBounded(files, FILES_AT_ONCE, async ({ path, sha256 }) => {
    const digest = await context.digests.of(path);
    if (!digest.equals(sha256))
      findings.push(at(path, 'FILE_CHANGED', 'The file was changed after it was signed.'));
  });
  await inTurns(addMissing(findings, layout, { seal, seen }), context.signal);
  return findings;
}

function* addMissing(
  findings: Finding[],
  layout: BundleLayout,
  { seal, seen }: { readonly seal: CodeResources; readonly seen: ReadonlySet<string> },
): Pieces<void> {
  for (const [key, item] of seal.items) {
    if (seen.has(key) || item.optional) continue;
    findings.push(at(below(layout.contentRoot, key), 'FILE_MISSING', 'A file that was signed is not there.'));
    if (findings.length % ENTRIES_PER_PIECE === 0) yield;
  }
}

const at = (path: string, code: ProblemCode, message: string): Finding => ({ path, code, message });

interface Comparison {
  readonly findings: Finding[];
  /** Digests still to be taken. */
  readonly files: Array<{ readonly path: string; readonly sha256: Buffer }>;
  /** Keys of the seal that were met. */
  readonly seen: Set<string>;
}

function* compareTree(context: SealContext, layout: BundleLayout, seal: CodeResources): Pieces<Comparison> {
  const comparison: Comparison = { findings: [], files: [], seen: new Set() };
  let entries = 0;
  const folders = [layout.contentRoot];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const entry of context.tree.children(folder)) {
      entries += 1;
      if (entries % ENTRIES_PER_PIECE === 0) yield;
      const key = layout.contentRoot === '' ? entry.path : entry.path.slice(layout.contentRoot.length + 1);
      if (isNeverSealed(layout, entry, key)) continue;
      if (entry.type === 'directory' && !isNestedFolder(seal, entry, key)) folders.push(entry.path);
      else compareEntry(context, seal, entry, key, comparison);
    }
  return comparison;
}

/** The main executable and the signature itself; a stapled ticket and a store receipt come after signing. */
const isNeverSealed = (layout: BundleLayout, entry: TreeEntry, key: string): boolean =>
  entry.path === layout.executable ||
  key === '_CodeSignature' ||
  (key === 'CodeResources' && entry.type === 'file') ||
  key === '_MASReceipt';

/** Below these names a folder with a dot in its name is taken for a bundle, as Apple's tools do. */
const isNestedFolder = (seal: CodeResources, entry: TreeEntry, key: string): boolean =>
  seal.items.get(key)?.kind === 'nested' ||
  (nameOf(entry.path).includes('.') && treatmentOf(seal.rules, key) === 'nested');

function compareEntry(
  context: SealContext,
  seal: CodeResources,
  entry: TreeEntry,
  key: string,
  comparison: Comparison,
): void {
  const item = seal.items.get(key);
  comparison.seen.add(key);
  if (!item) {
    const left = unsealed(seal, entry, key);
    if (left) comparison.findings.push(left);
  } else if (item.kind === 'file' && entry.type === 'file')
    comparison.files.push({ path: entry.path, sha256: item.sha256 });
  else comparison.findings.push(...changed(context, item, entry));
}

function unsealed(seal: CodeResources, { path }: TreeEntry, key: string): Finding | undefined {
  const isOmitted = treatmentOf(seal.rules, key) === 'omitted';
  if (!isOmitted) return at(path, 'FILE_UNSEALED', 'The signature does not cover this file.');
  return isUsualOmission(key)
    ? undefined
    : at(path, 'SEAL_WEAK', 'An unusual rule of the bundle leaves this file out of the signature.');
}

function changed({ code }: SealContext, item: SealedItem, entry: TreeEntry): Finding[] {
  if (item.kind === 'nested' && entry.type !== 'symlink') return nestedFindings(item, entry.path, code);
  if (item.kind === 'symlink' && entry.type === 'symlink' && item.target === entry.linkTarget) return [];
  const isLink = item.kind === 'symlink' || entry.type === 'symlink';
  return isLink
    ? [at(entry.path, 'LINK_CHANGED', 'The link is not the one that was signed.')]
    : [at(entry.path, 'FILE_CHANGED', `A ${item.kind} was signed, and a ${entry.type} is there.`)];
}

function nestedFindings(
  item: SealedItem & { readonly kind: 'nested' },
  path: string,
  code: ReadonlyMap<string, CodeReport>,
): Finding[] {
  const signatures = code.get(path)?.signatures ?? [];
  const cdHashes = signatures.flatMap((signature) => signature.cdHashes);
  if (cdHashes.length === 0)
    return [at(path, 'NESTED_CHANGED', 'Signed code was sealed here, and none can be read.')];
  const wanted = item.cdHash?.toString('hex');
  if (wanted === undefined || item.requirement === undefined)
    return [at(path, 'SEAL_WEAK', 'The nested code is sealed without its hash or its requirement.')];
  if (!cdHashes.includes(wanted))
    return [
      at(
        path,
        'NESTED_CHANGED',
        'The nested code was signed again, or replaced, after the bundle was signed.',
      ),
    ];
  const identifiers = signatures.map(({ identifier }) => identifier);
  const mismatch = requirementMismatch(item.requirement, { identifiers, cdHashes });
  return mismatch ? [at(path, 'NESTED_CHANGED', `The bundle ${mismatch} in this nested code.`)] : [];
}
