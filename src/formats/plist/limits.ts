import { ShipError } from '../../errors.ts';

/** Far above any Info.plist, entitlements file or profile; far below what could hold up the daemon. */
export const MAX_PLIST_BYTES = 4 * 1024 * 1024;
/** Containers inside containers. */
export const MAX_PLIST_DEPTH = 100;
/** Values in all, each use of a shared binary object counted: a small file can repeat one array without end. */
export const MAX_PLIST_VALUES = 200_000;
/**
 * Bytes of the texts and data of a binary file, each use counted as well: the objects may share one place, and whoever
 * writes the values down again writes each of them.
 */
export const MAX_PLIST_UNFOLDED_BYTES = 4 * MAX_PLIST_BYTES;

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

export interface PlistLimits {
  readonly maxValues: number;
  readonly maxUnfoldedBytes: number;
}

/** Counts what property lists hold and refuses to go too deep; for one file, or for several together. */
export class PlistBudget {
  private values = 0;
  private unfoldedBytes = 0;
  private depth = 0;
  private readonly limits: PlistLimits;

  constructor(
    limits: PlistLimits = { maxValues: MAX_PLIST_VALUES, maxUnfoldedBytes: MAX_PLIST_UNFOLDED_BYTES },
  ) {
    this.limits = limits;
  }

  get isSpent(): boolean {
    return this.values > this.limits.maxValues || this.unfoldedBytes > this.limits.maxUnfoldedBytes;
  }

  spendValue(): void {
    this.values += 1;
    if (this.isSpent) throw new PlistFault(`It holds more than ${this.limits.maxValues} values`);
  }

  spendContent(bytes: number): void {
    this.unfoldedBytes += bytes;
    if (this.isSpent) throw new PlistFault(`It unfolds to more than ${this.limits.maxUnfoldedBytes} bytes`);
  }

  /** Runs `read` one level deeper. */
  within<T>(read: () => T): T {
    this.enter();
    try {
      return read();
    } finally {
      this.leave();
    }
  }

  /** What is read from here on lies one level deeper, until `leave`. */
  enter(): void {
    if (this.depth >= MAX_PLIST_DEPTH)
      throw new PlistFault(`It is nested more than ${MAX_PLIST_DEPTH} levels deep`);
    this.depth += 1;
  }

  leave(): void {
    this.depth -= 1;
  }
}
