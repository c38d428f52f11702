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
