import { ShipError } from '../../errors.ts';
import { capitalized } from '../../text.ts';
import { Asn1Error } from '../asn1/node.ts';
import { MachOFault } from '../macho/types.ts';

/** A signature, or what it is found by, that cannot be read. `fact` names field, value and limit. */
export const malformed = (what: string, fact: string, cause?: unknown): ShipError =>
  new ShipError('SIGNATURE_MALFORMED', {
    summary: `The ${what} cannot be read.`,
    reason: `${capitalized(fact)}.`,
    nextStep: 'Build or download the file again, then sign it again.',
    ...(cause !== undefined && { cause }),
  });

/**
 * Runs a reader over hostile bytes. What it throws on purpose passes; anything else (a range error in a
 * library, a stack that ran out on nested values) becomes SIGNATURE_MALFORMED.
 */
export function readingHostile<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShipError) throw error;
    if (error instanceof Asn1Error || error instanceof MachOFault)
      throw malformed(what, error.message, error);
    throw malformed(what, 'its bytes do not follow the format', error);
  }
}
