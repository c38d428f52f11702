import type { Failure } from '../../../machines/contracts/failure.ts';
import { toFailure } from '../../../machines/contracts/failure.ts';
import { type Answer, answer, failed, remark } from '../../doctor/check.ts';
import type { ImageHost } from '../kinds.ts';
import { guestQuestions } from './questions.ts';
import { tryImage } from './trial.ts';

/**
 * Tries an image as a daemon of this configuration would use it; each answer comes as soon as it is known. Nothing of the
 * machine is left.
 *
 * @returns whether jobs could be done with it
 * @throws the signal's reason
 */
export async function examineImage(
  host: ImageHost,
  signal: AbortSignal,
  onAnswer: (answer: Answer) => void,
): Promise<boolean> {
  const verdicts: Answer['verdict'][] = [];
  const tell = (each: Answer) => {
    verdicts.push(each.verdict);
    onAnswer(each);
  };
  const output = await tryImage(host, signal, async (guest, until) => {
    for (const check of guestQuestions(guest)) tell(await answer(check, until));
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    return { failure: toFailure(error), leakedVm: null };
  });
  if (output.failure) tell(failureAsAnswer(output.failure));
  if (output.leakedVm !== null) tell(leakAsAnswer(output.leakedVm));
  return !verdicts.includes('failed');
}

const failureAsAnswer = ({ code, summary, reason, nextStep }: Failure): Answer => ({
  question: 'Can a machine be made, asked and destroyed?',
  code,
  ...failed(`${summary} ${reason}`, nextStep),
});

const leakAsAnswer = (name: string): Answer => ({
  question: 'Is the machine gone?',
  ...remark(`No, ${name} could not be deleted`, 'Run this again: it tries to delete it first.'),
});
