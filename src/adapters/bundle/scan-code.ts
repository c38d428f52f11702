import { join } from 'node:path';
import { checkCode, looksLikeMachO } from '../../domain/bundle/code-checks.ts';
import type { BundlePlatform } from '../../domain/bundle/index.ts';
import type { MachOFacts } from '../../domain/macho/index.ts';
import { readCodeFile } from './read-macho.ts';

/** Open files at a time; more does not make it faster. */
const PARALLEL_READS = 8;

export interface CodeScan {
  /** In the order of `files`. */
  readonly machOs: ReadonlyMap<string, MachOFacts>;
  readonly scripts: ReadonlySet<string>;
}

/**
 * Looks into every file of a bundle for code and holds it against the platform.
 *
 * @param files - paths relative to the bundle
 * @throws ShipError of `checkCode`, or MACHO_INVALID, for the first file (in path order) that cannot be signed
 */
export async function scanCode(
  appPath: string,
  files: readonly string[],
  options: { platform: BundlePlatform; signal: AbortSignal },
): Promise<CodeScan> {
  const machOs = new Map<string, MachOFacts>();
  const scripts = new Set<string>();
  for (let at = 0; at < files.length; at += PARALLEL_READS) {
    options.signal.throwIfAborted();
    const batch = files.slice(at, at + PARALLEL_READS);
    const reads = batch.map((path) => readCodeFile(join(appPath, path), { name: path }));
    const settled = await Promise.allSettled(reads);
    settled.forEach((result, i) => {
      const path = batch[i] ?? '';
      if (result.status === 'rejected') throw result.reason;
      if (result.value.kind === 'macho-like') throw looksLikeMachO(path);
      if (result.value.kind === 'script') scripts.add(path);
      if (result.value.kind !== 'macho') return;
      checkCode(path, result.value.macho, options.platform);
      machOs.set(path, withoutDylibs(result.value.macho));
    });
  }
  return { machOs, scripts };
}

/** Their names are the one part that can be long, and thousands of files may have them. */
const withoutDylibs = ({ fat, slices }: MachOFacts): MachOFacts => ({
  fat,
  slices: slices.map((slice) => ({ ...slice, dylibs: [] })),
});
