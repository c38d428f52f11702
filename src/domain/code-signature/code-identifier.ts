import { parsePlistDict, stringAt } from '../plist/index.ts';
import type { PlistBudget } from '../plist/limits.ts';

/**
 * True for an identifier that code can be signed under. Apple asks for no form; quotes and control characters would
 * end the text of the requirement in which the bundle around it names it.
 */
export const isCodeIdentifier = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= 255 && !/["\\\p{Cc}]/u.test(text);

/**
 * CFBundleIdentifier in the Info.plist that lies inside a program without a bundle.
 *
 * @returns undefined when it says none that code can be signed under
 * @throws ShipError PLIST_INVALID
 */
export function identifierIn(infoPlist: Buffer, budget?: PlistBudget): string | undefined {
  const info = parsePlistDict(infoPlist, { name: '__info_plist', ...(budget && { budget }) });
  const identifier = stringAt(info, 'CFBundleIdentifier') ?? '';
  return isCodeIdentifier(identifier) ? identifier : undefined;
}
