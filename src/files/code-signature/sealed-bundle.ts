import { posix } from 'node:path';
import {
  belongsInFramework,
  currentVersion,
  isLeftBesideContents,
  isLeftInFramework,
  type RootItem,
} from '../../domain/bundle/root-items.ts';
import { type CodeResources, parseCodeResources } from '../../formats/code-signature/code-resources.ts';
import type { Finding, ProblemCode } from '../../formats/code-signature/problem.ts';
import { inTurns } from '../../turns.ts';
import type { TreeEntry } from '../disk/tree.ts';
import { type BundleLayout, bundleLayout, isVersionedFramework } from './bundle-layout.ts';
import { BundleTree, below, nameOf, parentOf } from './bundle-tree.ts';
import { type CodeReport, checkSignature } from './check-signature.ts';
import { FileDigests } from './file-digests.ts';
import { findMachOFiles } from './mach-o-files.ts';
import { malformedProblem } from './malformed-as-problem.ts';
import { sealFindings } from './resource-seal.ts';
import type { Leftovers } from './unsealed-bytes.ts';

export interface SealOptions {
  readonly signal: AbortSignal;
  /** SHA-256 of files that the caller has read already, by path relative to the bundle: not read again. */
  readonly digests?: ReadonlyMap<string, Buffer>;
  /** Files that the caller has read already and that do not begin like code: not looked into. */
  readonly noCode?: ReadonlySet<string>;
  /** The bundle, when the caller has listed it already. */
  readonly tree?: BundleTree;
  /** As for `checkSignature`, for all code in the bundle. */
  readonly leftovers?: Leftovers;
}

export interface SealReport {
  /** Absent when the folder is no bundle with an executable. */
  readonly mainExecutable?: CodeReport;
  /** The executables of nested bundles and all other Mach-O files, innermost first. */
  readonly nested: readonly CodeReport[];
  /** Of everything, the nested code included; empty when every seal holds. */
  readonly findings: readonly Finding[];
}

/**
 * Checks every seal of a signed bundle, deep (macOS) or flat (iOS): the signatures of all code in it, the
 * digests of all sealed files, links, nested code, and that nothing lies there unsealed. Any changed byte of
 * sealed content is a finding. Whom the certificates belong to, and whether Apple knows them, is not asked.
 *
 * @throws ShipError SIGNED_FILE_UNREADABLE · the signal's reason when aborted
 */
export async function checkSealedBundle(bundlePath: string, options: SealOptions): Promise<SealReport> {
  const tree = options.tree ?? (await BundleTree.read(bundlePath));
  const inspection = new BundleInspection(tree, options, await findMachOFiles(tree, options));
  const mainExecutable = await inspection.bundle('');
  inspection.escapingLinks();
  const nested = new Set(inspection.code.values());
  if (mainExecutable) nested.delete(mainExecutable);
  return { ...(mainExecutable && { mainExecutable }), nested: [...nested], findings: inspection.findings };
}

class BundleInspection {
  readonly code = new Map<string, CodeReport>();
  readonly findings: Finding[] = [];
  readonly #tree: BundleTree;
  readonly #signal: AbortSignal;
  readonly #digests: FileDigests;
  readonly #machOFiles: ReadonlySet<string>;
  readonly #leftovers: Leftovers;

  constructor(
    tree: BundleTree,
    { signal, digests, leftovers }: SealOptions,
    machOFiles: ReadonlySet<string>,
  ) {
    this.#tree = tree;
    this.#signal = signal;
    this.#leftovers = leftovers ?? 'refused';
    this.#digests = new FileDigests(tree, digests ?? new Map(), signal);
    this.#machOFiles = machOFiles;
  }

  /** Checks the bundle at `path` and all in it; nested code first, because its seal is compared with it. */
  async bundle(path: string): Promise<CodeReport | undefined> {
    if (isVersionedFramework(this.#tree, path)) return this.#framework(path);
    const layout = await bundleLayout(this.#tree, path);
    if (!layout) {
      this.#find(path, 'BUNDLE_MALFORMED', 'The folder has no Info.plist that names an executable in it.');
      return undefined;
    }
    await this.#codeIn(layout.contentRoot, layout);
    const report = await this.#mainExecutable(layout);
    this.#unsealedBeside(layout);
    return report;
  }

  async #mainExecutable(layout: BundleLayout): Promise<CodeReport | undefined> {
    const sealPath = below(layout.contentRoot, '_CodeSignature/CodeResources');
    const codeResources = await this.#tree.readSmall(sealPath);
    const bound = { infoPlist: layout.infoPlistBytes, ...(codeResources && { codeResources }) };
    if (this.#machOFiles.has(layout.executable)) await this.#check(layout.executable, layout.path, bound);
    else this.#find(layout.executable, 'SIGNATURE_MISSING', 'The main executable is no Mach-O file.');
    if (!codeResources) this.#find(sealPath, 'SEAL_MISSING', 'The files of the bundle are not sealed.');
    const seal = codeResources && (await this.#readSeal(sealPath, codeResources));
    const context = { tree: this.#tree, digests: this.#digests, code: this.code, signal: this.#signal };
    // there may be more of them than a call takes arguments
    if (seal) for (const finding of await sealFindings(context, layout, seal)) this.findings.push(finding);
    return this.code.get(layout.path);
  }

  async #readSeal(path: string, bytes: Buffer): Promise<CodeResources | undefined> {
    try {
      return await inTurns(parseCodeResources(bytes), this.#signal);
    } catch (error) {
      const { code, message } = malformedProblem(error, 'SEAL_MALFORMED');
      this.#find(path, code, message);
      return undefined;
    }
  }

  /** Bundles and Mach-O files below a folder, wherever they lie. */
  async #codeIn(folder: string, owner: BundleLayout): Promise<void> {
    for (const { path, type } of this.#tree.children(folder)) {
      const isBundle = type === 'directory' && (await this.#isBundle(path));
      if (isBundle) await this.bundle(path);
      else if (type === 'directory') await this.#codeIn(path, owner);
      else if (path !== owner.executable && this.#machOFiles.has(path)) await this.#check(path, path);
    }
  }

  /** A folder without code is none, whatever its Info.plist says: it is sealed file by file. */
  async #isBundle(path: string): Promise<boolean> {
    if (isVersionedFramework(this.#tree, path)) {
      for (const version of this.#tree.children(below(path, 'Versions')))
        if (version.type === 'directory' && (await this.#hasCode(version.path))) return true;
      return false;
    }
    return this.#hasCode(path);
  }

  async #hasCode(path: string): Promise<boolean> {
    const layout = await bundleLayout(this.#tree, path);
    return layout !== undefined && this.#machOFiles.has(layout.executable);
  }

  async #check(
    file: string,
    codePath: string,
    bound?: { infoPlist?: Buffer; codeResources?: Buffer },
  ): Promise<void> {
    const options = {
      signal: this.#signal,
      label: file,
      leftovers: this.#leftovers,
      ...(bound && { bound }),
    };
    const report = await checkSignature(this.#tree.absolute(file), options);
    this.code.set(codePath, report);
    this.findings.push(...report.findings);
  }

  /** Every version is a bundle of its own; the framework itself holds links into the current one, no more. */
  async #framework(path: string): Promise<CodeReport | undefined> {
    const versions = below(path, 'Versions');
    const current = this.#tree.entry(below(versions, 'Current'));
    for (const entry of this.#tree.children(versions))
      if (entry.type === 'directory') await this.bundle(entry.path);
      else if (entry !== current && !isLeftInFramework(rootItem(entry)))
        this.#find(entry.path, 'FILE_UNSEALED', 'No signature covers this file.');
    const version = currentVersion(current?.linkTarget);
    const target = below(versions, version ?? '');
    if (version === undefined || !this.#tree.isFolder(target))
      this.#find(
        below(versions, 'Current'),
        'LINK_CHANGED',
        'The framework has no link to its current version.',
      );
    for (const entry of this.#tree.children(path))
      if (entry.path !== versions && !belongsInFramework(rootItem(entry), version))
        this.#find(entry.path, 'FILE_UNSEALED', 'No signature covers this item of the framework.');
    const report = this.code.get(target);
    if (report) this.code.set(path, report);
    return report;
  }

  #unsealedBeside({ path, contentRoot }: BundleLayout): void {
    const signature = below(contentRoot, '_CodeSignature');
    const beside =
      contentRoot === path
        ? []
        : this.#tree.children(path).filter((entry) => !isLeftBesideContents(rootItem(entry)));
    const strangers = [...beside, ...this.#tree.children(signature)].filter(
      (entry) => entry.path !== contentRoot && entry.path !== below(signature, 'CodeResources'),
    );
    for (const stranger of strangers)
      this.#find(stranger.path, 'FILE_UNSEALED', 'No signature covers this item.');
  }

  /** A link out of the bundle makes the sealed bundle mean what lies outside it. */
  escapingLinks(): void {
    for (const { path, linkTarget } of this.#tree.entries) {
      if (linkTarget === undefined) continue;
      const resolved = posix.join(parentOf(path), linkTarget);
      if (linkTarget.startsWith('/') || resolved === '..' || resolved.startsWith('../'))
        this.#find(path, 'LINK_ESCAPES', 'The link leads out of the bundle.');
    }
  }

  #find(path: string, code: ProblemCode, message: string): void {
    this.findings.push({ path, code, message });
  }
}

const rootItem = (entry: TreeEntry): RootItem => ({ ...entry, name: nameOf(entry.path) });
