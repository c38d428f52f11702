import type { ToolOpinion } from '../adapters/xcode/index.ts';
import type { SigningIdentity } from '../domain/identity/index.ts';
import { type FailureCode, ShipError } from '../errors.ts';
import type { StepReporter } from './step.ts';

/**
 * What Apple's tools say of an identity that Apple did not issue, whatever the seal is like:
 * `App.app: CSSMERR_TP_NOT_TRUSTED`, `Status: signed by untrusted certificate`.
 */
const DISTRUST = /CSSMERR_TP_NOT_TRUSTED|\buntrusted\b/;

export interface Opinion {
  /** For the sentences, e.g. `codesign`. */
  readonly tool: string;
  /** e.g. `the signed app`. */
  readonly subject: string;
  readonly opinion: ToolOpinion | 'unknown';
  /** Who signed; an identity without a mark of Apple's is trusted nowhere. */
  readonly identity?: SigningIdentity | undefined;
  readonly code?: FailureCode;
}

/**
 * Our own check has the first word. A tool of Apple's that says no is believed; one that cannot say leaves a line.
 *
 * @throws ShipError SIGNATURE_INVALID, or the code that was given
 */
export function heedOpinion(asked: Opinion, report: StepReporter): void {
  const { tool, subject, opinion, identity, code = 'SIGNATURE_INVALID' } = asked;
  if (opinion === 'unknown') return report.log(`${tool} could not say whether ${subject} holds.`);
  if (opinion.holds) return;
  const said = opinion.text.slice(-300).trim();
  if (identity?.certificate.kinds.length === 0 && DISTRUST.test(opinion.text))
    return report.log(`${tool} does not trust who signed ${subject}.`);
  throw new ShipError(code, {
    summary: `Apple's ${tool} says that ${subject} does not hold.`,
    reason: said,
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
  });
}
