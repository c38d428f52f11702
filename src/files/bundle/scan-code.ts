import { join } from 'node:path';
import type { CodeFile } from '../../domain/bundle/index.ts';
import { ShipError } from '../../errors.ts';
import type { MachOFacts } from '../../formats/macho/index.ts';
import { readEmbeddedId } from './embedded-info.ts';
import type { Faults } from './faults.ts';
import { readImportedClasses } from './imported-classes.ts';
import { type CodeFile as FileKind, readCodeFile } from './read-macho.ts';
import { isTooMuch, type ReadingBudget } from './reading-budget.ts';

/** Open files at a time; more does not make it faster. */
const PARALLEL_READS = 8;

export interface CodeScan {
  /** In the order of `files`. */
  readonly machOs: ReadonlyMap<string, CodeFile>;
  readonly scripts: ReadonlySet<string>;
  /** Mach-O files that cannot be read to the end, and why. */
  readonly damaged: ReadonlyMap<string, ShipError>;
  /** Files that begin like Mach-O and are none, such as Java classes. */
  readonly lookAlikes: ReadonlySet<string>;
}

interface ScanOptions {
  /** Takes BUNDLE_TOO_LARGE. */
  readonly faults: Faults;
  readonly budget: ReadingBudget;
  /** Known to begin like data: not looked into. */
  readonly dataFiles: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Of the budget for architectures: the description of what is wrong is kept as well. */
const DAMAGED_FILE_COST = 50;

/**
 * Looks into every file of a bundle for code.
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
    damaged: new Map<string, ShipError>(),
    lookAlikes: new Set<string>(),
  };
  const unknown = files.filter((path) => !options.dataFiles.has(path));
  for (let at = 0; at < unknown.length; at += PARALLEL_READS) {
    options.signal.throwIfAborted();
    const batch = unknown.slice(at, at + PARALLEL_READS);
    const settled = await Promise.allSettled(batch.map((path) => readOne(appPath, path, options.budget)));
    settled.forEach((result, i) => {
      addTo(scan, batch[i] ?? '', result, options);
    });
  }
  return scan;
}

type ReadFile =
  | { readonly kind: Exclude<FileKind['kind'], 'macho'> }
  | { readonly kind: 'macho'; readonly code: CodeFile };

async function readOne(appPath: string, path: string, budget: ReadingBudget): Promise<ReadFile> {
  const hostPath = join(appPath, path);
  const file = await readCodeFile(hostPath, { name: path });
  if (file.kind !== 'macho') return file;
  const frameworks = frameworksOf(file.macho);
  const classes = await readImportedClasses(hostPath, file.macho, frameworks, budget);
  const embeddedId = await readEmbeddedId(hostPath, file.macho, budget);
  const code = {
    ...withoutDylibs(file.macho),
    frameworks,
    swiftLibraries: swiftLibrariesOf(file.macho),
    ...(classes && { importedClasses: classes }),
    ...(embeddedId !== undefined && { embeddedId }),
  };
  return { kind: 'macho', code };
}

interface Draft {
  readonly machOs: Map<string, CodeFile>;
  readonly scripts: Set<string>;
  readonly damaged: Map<string, ShipError>;
  readonly lookAlikes: Set<string>;
}

function addTo(
  scan: Draft,
  path: string,
  result: PromiseSettledResult<ReadFile>,
  { faults, budget }: ScanOptions,
): void {
  if (result.status === 'rejected') {
    const { reason } = result;
    if (!(reason instanceof ShipError)) throw reason;
    if (isTooMuch(reason)) faults.add(reason);
    else if (faults.attempt(() => spent(budget, DAMAGED_FILE_COST))) scan.damaged.set(path, reason);
  } else if (result.value.kind === 'macho-like') scan.lookAlikes.add(path);
  else if (result.value.kind === 'script') scan.scripts.add(path);
  else if (result.value.kind === 'macho') {
    const { code } = result.value;
    const names = [...code.frameworks, ...code.swiftLibraries];
    const nameBytes = names.reduce((sum, name) => sum + name.length, 0);
    if (faults.attempt(() => spent(budget, code.slices.length, nameBytes))) scan.machOs.set(path, code);
  }
}

function spent(budget: ReadingBudget, sliceCount: number, nameBytes = 0): true {
  budget.spendBytes(nameBytes);
  budget.spendSlices(sliceCount);
  return true;
}

const SYSTEM_FRAMEWORK = /^\/System\/Library\/(?:Sub)?Frameworks\/([A-Za-z0-9_]{1,64})\.framework\//;

const frameworksOf = ({ slices }: MachOFacts): string[] => [
  ...new Set(
    slices.flatMap(({ dylibs }) => dylibs.flatMap((name) => SYSTEM_FRAMEWORK.exec(name)?.[1] ?? [])),
  ),
];

const SWIFT_LIBRARY = /^@rpath\/(libswift\w+\.dylib)$/;

const swiftLibrariesOf = ({ slices }: MachOFacts): string[] => [
  ...new Set(slices.flatMap(({ dylibs }) => dylibs.flatMap((name) => SWIFT_LIBRARY.exec(name)?.[1] ?? []))),
];

/** Their names are the one part that can be long, and thousands of files may have them. */
const withoutDylibs = ({ fat, slices }: MachOFacts): MachOFacts => ({
  fat,
  slices: slices.map((slice) => ({ ...slice, dylibs: [] })),
});
