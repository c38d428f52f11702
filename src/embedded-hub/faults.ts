import type { BundleCorruption, TransferFault } from './types.ts';

/** What shall go wrong next; every entry is used up by one request. */
export class Faults {
  readonly #downloads: TransferFault[] = [];
  readonly #uploads: TransferFault[] = [];
  readonly #corruptions: BundleCorruption[] = [];
  /** Answers wait for these, after the head of a download and before the answer to an upload. */
  bodyHold: Promise<unknown> = Promise.resolve();
  /** How many uploads have come, as far as their heads. */
  uploadsBegun = 0;
  /** How many uploads were read to their end. */
  uploadsRead = 0;
  uploadHold: Promise<unknown> = Promise.resolve();

  failNextDownloads(count: number, fault: TransferFault): void {
    this.#downloads.push(...Array<TransferFault>(count).fill(fault));
  }

  failNextUploads(count: number, fault: TransferFault): void {
    this.#uploads.push(...Array<TransferFault>(count).fill(fault));
  }

  corruptNextBundles(count: number, corruption: BundleCorruption): void {
    this.#corruptions.push(...Array<BundleCorruption>(count).fill(corruption));
  }

  nextDownload(): TransferFault | undefined {
    return this.#downloads.shift();
  }

  nextUpload(): TransferFault | undefined {
    return this.#uploads.shift();
  }

  nextCorruption(): BundleCorruption | undefined {
    return this.#corruptions.shift();
  }
}
