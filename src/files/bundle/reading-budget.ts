import { ShipError } from '../../errors.ts';
import { PlistBudget } from '../../formats/plist/limits.ts';

/** Property lists, profiles, entitlements and names of libraries; the largest apps have some hundred kilobytes. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_PLIST_VALUES = 500_000;
const MAX_UNFOLDED_BYTES = 64 * 1024 * 1024;
/** Architectures of all Mach-O files; a bundle of 5,000 universal libraries has 10,000. */
const MAX_SLICES = 50_000;
const MAX_SYMBOLS = 5_000_000;

/**
 * What the small files of one bundle may cost together, because all of them are kept while the bundle is judged: each
 * alone is within its limits, and a small archive holds hundreds.
 */
export class ReadingBudget {
  readonly plist = new PlistBudget({
    maxValues: MAX_PLIST_VALUES,
    maxUnfoldedBytes: MAX_UNFOLDED_BYTES,
  });
  /** Imported symbols that may still be looked at; without them some purpose strings are not asked for. */
  symbols = MAX_SYMBOLS;
  #bytesLeft = MAX_BYTES;
  #slicesLeft = MAX_SLICES;

  /** @throws ShipError BUNDLE_TOO_LARGE */
  spendBytes(count: number): void {
    this.#bytesLeft -= count;
    if (this.#bytesLeft < 0)
      throw tooMuch(
        `Its property lists, profiles, entitlements and names of libraries have more than ${MAX_BYTES} bytes.`,
      );
  }

  /** @throws ShipError BUNDLE_TOO_LARGE */
  spendSlices(count: number): void {
    this.#slicesLeft -= count;
    if (this.#slicesLeft < 0)
      throw tooMuch(`Its programs and libraries have more than ${MAX_SLICES} architectures together.`);
  }

  /** To be asked when a property list was refused. @throws ShipError BUNDLE_TOO_LARGE when it was for this budget */
  assertPlistsFit(): void {
    if (this.plist.isSpent)
      throw tooMuch(`Its property lists hold more than ${MAX_PLIST_VALUES} values together.`);
  }
}

const tooMuch = (reason: string): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: 'The bundle holds more descriptions of code than perry-ship reads.',
    reason,
    nextStep: 'Remove what is no part of the app, or pack it into an archive, and try again.',
  });

export const isTooMuch = (error: unknown): boolean =>
  error instanceof ShipError && error.code === 'BUNDLE_TOO_LARGE';
