import type { Answer } from '../doctor/check.ts';
import { examineHost } from '../doctor/examine-host.ts';
import { answerLine } from './answer-line.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { printJson } from './print-json.ts';

export interface DoctorFlags {
  readonly for?: 'sign' | 'upgrade';
  readonly envFile?: string;
  readonly json?: boolean;
}

/** One question a line, with evidence and the exact fix: exit 0, or 1 when the daemon would not work. */
export async function doctor({ envFile, json = false, for: purpose }: DoctorFlags): Promise<void> {
  await interruptible({ json }, async (signal) => {
    const answers: Answer[] = [];
    const examination = examineHost({
      ...{ env: process.env, envFile, purpose, signal },
      onProgress: (line) => console.error(line),
    });
    for await (const answer of examination) {
      answers.push(answer);
      if (!json) print(answerLine(answer));
    }
    const isReady = answers.every(({ verdict }) => verdict !== 'failed');
    if (json) printJson({ ok: isReady, answers });
    process.exitCode = isReady ? exitCodes.done : exitCodes.failed;
  });
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
