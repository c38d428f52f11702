import { ShipError } from '../../errors.ts';

/**
 * What a machine made is not what follows from what it was given: the machine is to blame, never who sent the job.
 *
 * @param subject - as in `the signed app`
 * @param fact - a whole sentence
 */
export const altered = (subject: string, fact: string): ShipError =>
  new ShipError('GUEST_OUTPUT_ALTERED', {
    summary: `What the machine returned as ${subject} is not what it was given to sign.`,
    reason: fact,
    nextStep: 'Try again; if it happens again, build the golden image anew and look at the log.',
  });

/** What the readers of files say of one that is broken; of a file that a machine made, the machine is to blame. */
const BROKEN: readonly string[] = [
  'DMG_CORRUPT',
  'DMG_UNSUPPORTED',
  'PACKAGE_CORRUPT',
  'SIGNATURE_MALFORMED',
];

/**
 * Reads a file that a machine made.
 *
 * @param subject - as for `altered`
 * @throws ShipError GUEST_OUTPUT_ALTERED for a file that cannot be read as what it should be · what `read` throws
 */
export async function readingAltered<T>(subject: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ShipError) || !BROKEN.includes(error.code)) throw error;
    throw altered(subject, error.failure.reason);
  }
}
