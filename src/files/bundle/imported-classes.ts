import { isProtectedFramework, PROTECTED_FRAMEWORKS } from '../../domain/bundle/protected-frameworks.ts';
import { importedClasses, type MachOFacts } from '../../formats/macho/index.ts';
import { readRange } from '../disk/read-range.ts';
import { openPlainFile } from './plain-file.ts';
import type { ReadingBudget } from './reading-budget.ts';

const INTERESTING = new Set(PROTECTED_FRAMEWORKS.flatMap(({ classes }) => classes));

/**
 * Which of the classes that need a purpose string a program uses; only those that could are looked into.
 *
 * @returns undefined when its symbols do not tell
 */
export async function readImportedClasses(
  path: string,
  { slices }: MachOFacts,
  frameworks: readonly string[],
  budget: ReadingBudget,
): Promise<ReadonlySet<string> | undefined> {
  if (!frameworks.some(isProtectedFramework)) return undefined;
  const { file, sizeBytes } = await openPlainFile(path);
  try {
    const source = { sizeBytes, read: (offset: number, length: number) => readRange(file, offset, length) };
    const found = new Set<string>();
    for (const slice of slices) {
      const classes = await importedClasses(source, slice, budget);
      if (!classes) return undefined;
      for (const name of classes) if (INTERESTING.has(name)) found.add(name);
    }
    return found;
  } finally {
    await file.close();
  }
}
