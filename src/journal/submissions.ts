import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { forgetOld, recordsIn } from './records.ts';

/**
 * How far a submission is known to be. `announced`: Apple gave it an id; whether its file arrived is not known.
 * `uploaded`: Apple has the file. `concluded`: Apple has spoken.
 */
export type SubmissionPhase = 'announced' | 'uploaded' | 'concluded';

export interface SubmissionRecord {
  readonly submissionId: string;
  /** Under which Apple lists it. */
  readonly name: string;
  readonly phase: SubmissionPhase;
}

/** Which digests were submitted for notarization, kept over restarts so that none is submitted twice. No secrets. */
export interface SubmissionJournal {
  /** @throws ShipError NOTARY_JOURNAL_FAILED */
  find(sha256Hex: string): Promise<SubmissionRecord | undefined>;
  /** Takes the place of what was recorded for the digest. On the disk when it returns. @throws as `find` */
  record(sha256Hex: string, submission: SubmissionRecord): Promise<void>;
  /** Apple does not know what was recorded. @throws as `find` */
  forget(sha256Hex: string): Promise<void>;
  /** Runs `work` when everything before it for the digest has ended: nobody else submits it meanwhile. */
  alone<T>(sha256Hex: string, work: () => Promise<T>): Promise<T>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const phases: readonly string[] = ['announced', 'uploaded', 'concluded'] satisfies SubmissionPhase[];

/** A journal in `<stateDir>/journal/submissions`, a folder that is made when the first submission is recorded. */
export function fileJournal(stateDir: string): SubmissionJournal {
  const records = recordsIn(join(stateDir, 'journal', 'submissions'));
  const turns = new Map<string, Promise<unknown>>();
  return {
    find: (sha256Hex) => guarded('read', async () => submissionIn((await records.get(sha256Hex)) ?? {})),
    record: (sha256Hex, submission) =>
      guarded('written', async () => {
        await records.put(sha256Hex, { ...submission, recordedAt: new Date().toISOString() });
        if (submission.phase === 'concluded') await forgetOld(records).catch(() => {});
      }),
    forget: (sha256Hex) => guarded('written', () => records.remove(sha256Hex)),
    alone: async (sha256Hex, work) => {
      const before = turns.get(sha256Hex);
      const turn = Promise.allSettled([before]).then(work);
      turns.set(sha256Hex, turn);
      return turn.finally(() => turns.get(sha256Hex) === turn && turns.delete(sha256Hex));
    },
  };
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ShipError('NOTARY_JOURNAL_FAILED', {
      summary: `The journal of notarizations could not be ${doing}.`,
      reason: `The system said ${(cause as NodeJS.ErrnoException).code ?? 'nothing that is known'}.`,
      nextStep: 'Check the space and the permissions of the state directory (PERRY_STATE_DIR).',
      cause,
    });
  }
}

function submissionIn(record: Readonly<Record<string, unknown>>): SubmissionRecord | undefined {
  const { submissionId, name, phase } = record;
  if (typeof submissionId !== 'string' || !UUID.test(submissionId)) return undefined;
  if (typeof name !== 'string' || typeof phase !== 'string' || !phases.includes(phase)) return undefined;
  return { submissionId, name, phase: phase as SubmissionPhase };
}
