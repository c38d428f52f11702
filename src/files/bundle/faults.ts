import { ShipError } from '../../errors.ts';

/** A bundle of nothing but broken files is described well enough by its first ones. */
const MAX_FAULTS = 50;

/** Collects reasons why a bundle cannot be signed, where one alone would end the reading. */
export class Faults {
  readonly list: ShipError[] = [];

  /** Keeps an error of ours. @throws every other one */
  add(error: unknown): void {
    if (!(error instanceof ShipError)) throw error;
    if (this.list.length < MAX_FAULTS) this.list.push(error);
  }

  attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.add(error);
      return undefined;
    }
  }

  async attemptAsync<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.add(error);
      return undefined;
    }
  }
}
