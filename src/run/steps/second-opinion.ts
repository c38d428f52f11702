import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import type { ToolOpinion } from '../../adapters/xcode/index.ts';
import type { SigningIdentity } from '../../domain/identity/index.ts';
import { isIssuedByApple } from '../../domain/profile/index.ts';
import { type FailureCode, ShipError } from '../../errors.ts';
import type { StepReporter } from './step.ts';

/**
 * What Apple's tools say of an identity that Apple did not issue, whatever the seal is like:
 * `App.app: CSSMERR_TP_NOT_TRUSTED`, `Status: signed by untrusted certificate`.
 */
const DISTRUST = /CSSMERR_TP_NOT_TRUSTED|\buntrusted\b/;
/** The tool ended without a word about the signature, or is not there. */
const INCONCLUSIVE: readonly string[] = ['XCODE_TOOL_FAILED', 'XCODE_TOOL_MISSING'];
const MAX_SAID_CHARACTERS = 300;

export interface Question {
  /** For the sentences, e.g. `codesign`. */
  readonly tool: string;
  /** e.g. `the signed app`. */
  readonly subject: string;
  readonly ask: () => Promise<ToolOpinion | 'unknown'>;
  /** Who signed. */
  readonly identity?: SigningIdentity | undefined;
  readonly code?: FailureCode;
}

/**
 * Our own check has the first word. A tool of Apple's that says no is believed; one that cannot say leaves a line.
 *
 * @throws ShipError SIGNATURE_INVALID, or the code that was given · what the guest rejects with
 */
export async function crossCheck(question: Question, report: StepReporter): Promise<void> {
  const { tool, subject, identity, code = 'SIGNATURE_INVALID' } = question;
  const opinion = await opinionOf(question);
  if (opinion === 'unknown') return report.log(`${tool} could not say whether ${subject} holds.`);
  if (opinion.holds) return;
  if (identity && DISTRUST.test(opinion.text) && !isApples(identity))
    return report.log(`${tool} does not trust who signed ${subject}.`);
  throw new ShipError(code, {
    summary: `Apple's ${tool} says that ${subject} does not hold.`,
    reason: opinion.text.slice(-MAX_SAID_CHARACTERS).trim(),
    nextStep: TRY_AGAIN_OR_REPORT,
  });
}

const opinionOf = ({ ask }: Question): Promise<ToolOpinion | 'unknown'> =>
  ask().catch((error: unknown) => {
    if (error instanceof ShipError && INCONCLUSIVE.includes(error.code)) return 'unknown';
    throw error;
  });

const isApples = ({ certificate, chain }: SigningIdentity): boolean =>
  isIssuedByApple(certificate.x509, chain, []);
