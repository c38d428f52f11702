import type { Failure } from '../contracts/failure.ts';
import type { JobNote } from '../contracts/job.ts';
import type { NotarizationReport } from '../notarization/ports.ts';
import type { FileInput, TakenFile } from './ports.ts';

export type FileTask = 'notarize' | 'staple' | 'publish';

export interface LoneFileInput extends FileInput {
  readonly task: FileTask;
  /** Under which Apple has the file already, as the person says. */
  readonly submissionId: string | null;
  /** A file that carries a ticket is sent to Apple all the same. */
  readonly submitsAgain: boolean;
}

export interface LoneFileOutput {
  /** Null when all of it is done. */
  readonly failure: Failure | null;
  /** The file carries its ticket, and is where it is wanted. */
  readonly isPlaced: boolean;
  readonly submissionId: string | null;
  readonly uploadId: string | null;
  readonly buildId: string | null;
}

export interface LoneFileContext extends LoneFileInput, LoneFileOutput {
  readonly file: TakenFile | null;
  readonly attempts: number;
}

export type LoneFileEvent =
  | { type: 'cancel.requested' }
  | { type: 'process.ended'; failure: Failure }
  | NotarizationReport;

/** What it says on its way, for whoever shows it. */
export type LoneFileNote = { type: 'noted'; note: JobNote };

/** What was taken. Throws before it was: a defect of the chart. */
export function taken({ file }: Pick<LoneFileContext, 'file'>): TakenFile {
  if (file) return file;
  throw new Error('the file is taken before anything is done with it');
}
