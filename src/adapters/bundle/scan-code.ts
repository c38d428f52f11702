import { join } from 'node:path';
import { checkCode, looksLikeMachO } from '../../domain/bundle/code-checks.ts';
import type { BundlePlatform, CodeFile } from '../../domain/bundle/index.ts';
import type { MachOFacts } from '../../domain/macho/index.ts';
import type { Faults } from './faults.ts';
import { readImportedClasses } from './imported-classes.ts';
import { type CodeFile as FileKind, readCodeFile } from './read-macho.ts';
import type { ReadingBudget } from './reading-budget.ts';

/** Open files at a time; more does not make it faster. */
const PARALLEL_READS = 8;

export interface CodeScan {
  /** In the order of `files`; also those that were refused. */
  readonly machOs: ReadonlyMap<string, CodeFile>;
  readonly scripts: ReadonlySet<string>;
  /** Files that begin like Mach-O and could not be read as such. */
  readonly damaged: ReadonlySet<string>;
}

interface ScanOptions {
  readonly platform: BundlePlatform;
  readonly faults: Faults;
  readonly budget: ReadingBudget;
  readonly signal: AbortSignal;
}

/**
 * Looks into every file of a bundle for code and holds it against the platform.
 *
 * @param files - paths relative to the bundle
 */
export async function scanCode(
  appPath: string,
  files: readonly string[],
  options: ScanOptions,
): Promise<CodeScan> {
  const scan = {
    machOs: new Map<string, CodeFile>(),
    scripts: new Set<string>(),
    damaged: new Set<string>(),
  };
  for (let at = 0; at < files.length; at += PARALLEL_READS) {
    options.signal.throwIfAborted();
    const batch = files.slice(at, at + PARALLEL_READS);
    const reads = batch.map((path) => readOne(appPath, path));
    const settled = await Promise.allSettled(reads);
    settled.forEach((result, i) => {
      addTo(scan, batch[i] ?? '', result, options);
    });
  }
  return scan;
}

type ReadFile =
  | { readonly kind: Exclude<FileKind['kind'], 'macho'> }
  | { readonly kind: 'macho'; readonly code: CodeFile };

async function readOne(appPath: string, path: string): Promise<ReadFile> {
  const hostPath = join(appPath, path);
  const file = await readCodeFile(hostPath, { name: path });
  if (file.kind !== 'macho') return file;
  const frameworks = frameworksOf(file.macho);
  const classes = await readImportedClasses(hostPath, file.macho, frameworks);
  const code = { ...withoutDylibs(file.macho), frameworks, ...(classes && { importedClasses: classes }) };
  return { kind: 'macho', code };
}

function addTo(
  scan: { machOs: Map<string, CodeFile>; scripts: Set<string>; damaged: Set<string> },
  path: string,
  result: PromiseSettledResult<ReadFile>,
  { faults, platform, budget }: ScanOptions,
): void {
  if (result.status === 'rejected') {
    scan.damaged.add(path);
    faults.add(result.reason);
  } else if (result.value.kind === 'macho-like') {
    scan.damaged.add(path);
    faults.add(looksLikeMachO(path));
  } else if (result.value.kind === 'script') scan.scripts.add(path);
  else if (result.value.kind === 'macho') {
    const { code } = result.value;
    if (!faults.attempt(() => spent(budget, code))) return;
    scan.machOs.set(path, code);
    faults.attempt(() => checkCode(path, code, platform));
  }
}

function spent(budget: ReadingBudget, { slices }: CodeFile): true {
  budget.spendSlices(slices.length);
  return true;
}

const SYSTEM_FRAMEWORK = /^\/System\/Library\/(?:Sub)?Frameworks\/([A-Za-z0-9_]{1,64})\.framework\//;

const frameworksOf = ({ slices }: MachOFacts): string[] => [
  ...new Set(
    slices.flatMap(({ dylibs }) => dylibs.flatMap((name) => SYSTEM_FRAMEWORK.exec(name)?.[1] ?? [])),
  ),
];

/** Their names are the one part that can be long, and thousands of files may have them. */
const withoutDylibs = ({ fat, slices }: MachOFacts): MachOFacts => ({
  fat,
  slices: slices.map((slice) => ({ ...slice, dylibs: [] })),
});
