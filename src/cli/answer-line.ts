import type { Answer, Verdict } from '../doctor/check.ts';
import { plain } from '../text.ts';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok    ', remark: 'remark', failed: 'FAILED' };

/** One question with its answer, and below it what fixes it; the evidence may be the words of anybody. */
export function answerLine({ verdict, question, evidence, fix }: Answer): string {
  const line = plain(`${MARKS[verdict]}  ${question}  ${evidence}`);
  return fix === undefined ? line : `${line}\n        → ${plain(fix)}`;
}
