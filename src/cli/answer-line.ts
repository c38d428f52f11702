import type { Answer, Verdict } from '../doctor/check.ts';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok    ', remark: 'remark', failed: 'FAILED' };

/** One question with its answer, and below it what fixes it. */
export function answerLine({ verdict, question, evidence, fix }: Answer): string {
  const line = `${MARKS[verdict]}  ${question}  ${evidence}`;
  return fix === undefined ? line : `${line}\n        → ${fix}`;
}
