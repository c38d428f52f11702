import { ShipError } from '../../errors.ts';

/** Far above any Info.plist, entitlements file or profile; far below what could hold up the daemon. */
export const MAX_PLIST_BYTES = 4 * 1024 * 1024;
/** Containers inside containers. */
export const MAX_PLIST_DEPTH = 100;
/** Values in all, each use of a shared binary object counted: a small file can repeat one array without end. */
export const MAX_PLIST_VALUES = 200_000;

export const MIN_PLIST_INTEGER = -(2n ** 63n);
export const MAX_PLIST_INTEGER = 2n ** 64n - 1n;

/** Why a plist was refused, in a few words; given the name of the file by `parsePlist`. */
export class PlistFault extends Error {}

export const plistInvalid = (name: string, fault: unknown): ShipError =>
  new ShipError('PLIST_INVALID', {
    summary: `The property list "${name}" cannot be used.`,
    reason: `${fault instanceof PlistFault ? fault.message : 'It is malformed'}.`,
    nextStep: `Build the bundle again, and check the file with "plutil -lint".`,
    cause: fault,
  });

/** Counts values and refuses to go too deep; one per parse. */
export class PlistBudget {
  private values = 0;
  private depth = 0;

  spend(): void {
    this.values += 1;
    if (this.values > MAX_PLIST_VALUES) throw new PlistFault(`It holds more than ${MAX_PLIST_VALUES} values`);
  }

  /** Runs `read` one level deeper. */
  within<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_PLIST_DEPTH)
      throw new PlistFault(`It is nested more than ${MAX_PLIST_DEPTH} levels deep`);
    const value = read();
    this.depth -= 1;
    return value;
  }
}
