import { malformed } from './malformed.ts';

/**
 * Steps that the unusual patterns of one bundle may take together: about half a second. A character that was seen in
 * the same state before is one step, a new one as many as the pattern has parts.
 */
export class PatternBudget {
  #left = 10_000_000;

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw malformed('CodeResources file', 'its rules take too long to apply');
  }
}
