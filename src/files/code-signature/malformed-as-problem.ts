import { ShipError } from '../../errors.ts';
import { type Problem, type ProblemCode, problem } from '../../formats/code-signature/problem.ts';

/** What cannot be read is a finding like any other; every other error is thrown again. */
export function malformedProblem(error: unknown, code: ProblemCode = 'SIGNATURE_MALFORMED'): Problem {
  if (!(error instanceof ShipError) || error.code !== 'SIGNATURE_MALFORMED') throw error;
  return problem(code, `${error.failure.summary} ${error.failure.reason}`);
}

export async function malformedAsProblem(check: () => Promise<Problem[]>): Promise<Problem[]> {
  try {
    return await check();
  } catch (error) {
    return [malformedProblem(error)];
  }
}
