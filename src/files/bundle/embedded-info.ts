import { identifierIn } from '../../domain/code-signature/code-identifier.ts';
import { ShipError } from '../../errors.ts';
import type { MachOFacts } from '../../formats/macho/index.ts';
import { readRange } from '../disk/read-range.ts';
import { openPlainFile } from './plain-file.ts';
import type { ReadingBudget } from './reading-budget.ts';

/**
 * The identifier in the Info.plist that lies inside a program without a bundle, in its section __TEXT,__info_plist.
 * codesign signs such a program under it, and launchd installs a privileged helper only by it.
 *
 * @returns undefined when there is no such section, or nothing of use in it
 * @see https://developer.apple.com/documentation/servicemanagement/smjobbless(_:_:_:_:)
 */
export async function readEmbeddedId(
  path: string,
  { slices }: MachOFacts,
  budget: ReadingBudget,
): Promise<string | undefined> {
  const slice = slices.find(({ infoPlist }) => infoPlist !== undefined);
  if (!slice?.infoPlist) return undefined;
  budget.spendBytes(slice.infoPlist.sizeBytes);
  const { file } = await openPlainFile(path);
  try {
    const bytes = await readRange(file, slice.offset + slice.infoPlist.offset, slice.infoPlist.sizeBytes);
    return identifierIn(bytes, budget.plist);
  } catch (error) {
    budget.assertPlistsFit();
    if (error instanceof ShipError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}
