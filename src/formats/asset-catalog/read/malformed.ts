import { ShipError } from '../../../errors.ts';

/** A compiled asset catalog that cannot be read. @param fact - one sentence, with the numbers */
export const malformed = (fact: string, cause?: unknown): ShipError =>
  new ShipError('ASSET_CATALOG_MALFORMED', {
    summary: 'The compiled asset catalog cannot be read.',
    reason: fact,
    nextStep: 'Build the app again, so that its asset catalog is compiled anew.',
    ...(cause !== undefined && { cause }),
  });

export function demand(holds: boolean, fact: string | (() => string)): asserts holds {
  if (!holds) throw malformed(typeof fact === 'string' ? fact : fact());
}

/** What a part of the catalog holds, or why that part cannot be read; the rest may still be. */
export function attempt<T>(read: () => T): T | ShipError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShipError) return error;
    throw error;
  }
}
