import { parsePlistDict, plistFormat, stringAt } from '../../formats/plist/index.ts';
import type { PlistBudget } from '../../formats/plist/limits.ts';

/**
 * True for an identifier that code can be signed under. Apple asks for no form; quotes and control characters would
 * end the text of the requirement in which the bundle around it names it.
 */
export const isCodeIdentifier = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= 255 && !/["\\\p{Cc}]/u.test(text);

function withoutNuls(bytes: Buffer): Buffer {
  if (plistFormat(bytes) === 'binary') return bytes; // its last bytes count
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

/**
 * CFBundleIdentifier in the Info.plist that lies inside a program without a bundle. A compiler that got it as a string
 * wrote a NUL behind the XML, which Apple's reader does not look at.
 *
 * @returns undefined when it says none that code can be signed under
 * @throws ShipError PLIST_INVALID
 */
export function identifierIn(infoPlist: Buffer, budget?: PlistBudget): string | undefined {
  const info = parsePlistDict(withoutNuls(infoPlist), { name: '__info_plist', ...(budget && { budget }) });
  const identifier = stringAt(info, 'CFBundleIdentifier') ?? '';
  return isCodeIdentifier(identifier) ? identifier : undefined;
}
