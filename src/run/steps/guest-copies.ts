import type { RunResults } from '../run-results.ts';

/** What the guest was given is not there any more, or not what it should be: another machine, or another app. */
export function forgetGuestCopies(results: RunResults): void {
  delete results.guestAppPath;
  delete results.guestVolumePath;
  delete results.guestImagePath;
  delete results.partialDmg;
}
