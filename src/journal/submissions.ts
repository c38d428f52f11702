import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';

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
}

const DIGEST = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const phases: readonly string[] = ['announced', 'uploaded', 'concluded'] satisfies SubmissionPhase[];
/** Apple forgets a submission's log some time; a digest does not come back after so long. */
const KEPT_MS = 60 * 24 * 3_600_000;

/** A journal of one small file for each digest, made when the first one is recorded, in `<stateDir>/submissions`. */
export function fileJournal(stateDir: string): SubmissionJournal {
  const folder = join(stateDir, 'submissions');
  const pathOf = (sha256Hex: string): string => {
    if (!DIGEST.test(sha256Hex)) throw new Error('not a SHA-256 digest');
    return join(folder, `${sha256Hex}.json`);
  };
  return {
    find: (sha256Hex) => guarded('read', () => readRecord(pathOf(sha256Hex))),
    record: (sha256Hex, submission) =>
      guarded('written', async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeWhole(folder, pathOf(sha256Hex), `${JSON.stringify(submission)}\n`);
        await prune(folder).catch(() => {});
      }),
    forget: (sha256Hex) => guarded('written', () => rm(pathOf(sha256Hex), { force: true })),
  };
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ShipError('NOTARY_JOURNAL_FAILED', {
      summary: `The journal of notarizations could not be ${doing}.`,
      reason: `The system said ${(cause as NodeJS.ErrnoException).code ?? 'nothing that is known'}.`,
      nextStep: 'The operator of the worker checks space and permissions of its state directory.',
      cause,
    });
  }
}

/** A record that cannot be read as one (a disk that lost it) counts as none. */
async function readRecord(path: string): Promise<SubmissionRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const { submissionId, name, phase } = parsed(text);
  if (typeof submissionId !== 'string' || !UUID.test(submissionId)) return undefined;
  if (typeof name !== 'string' || typeof phase !== 'string' || !phases.includes(phase)) return undefined;
  return { submissionId, name, phase: phase as SubmissionPhase };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Old content or new content, never half of it, also when the power fails. */
async function writeWhole(folder: string, path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}

async function prune(folder: string): Promise<void> {
  const oldest = Date.now() - KEPT_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < oldest) await rm(path, { force: true });
  }
}
