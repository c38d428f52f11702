import { access, constants, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Beside them the folder itself is written to: nothing else proves that this can be done. */
const WRITTEN = ['runs', 'journal', join('journal', 'jobs.jsonl'), 'signatures.jsonl'];
const PROBE = '.written';
const PROBE_BYTES = 512;

/**
 * Whether jobs can write to the state directory: a file system may turn read-only at any time, after which everything
 * that is open looks as it did.
 *
 * @returns what cannot be written, and the system's code for why; `undefined` when all can be. Never rejects.
 */
export async function unwritableIn(stateDir: string): Promise<Unwritable | undefined> {
  let refused = await tried(stateDir);
  // one after the other: a disk that hangs takes one thread, not all
  for (const name of WRITTEN) refused ??= await askedFor(join(stateDir, name));
  return refused;
}

export interface Unwritable {
  readonly path: string;
  /** Such as EROFS. */
  readonly code: string;
}

const askedFor = (path: string): Promise<Unwritable | undefined> =>
  access(path, constants.W_OK).then(
    () => undefined,
    // it is made when it is needed
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : refusal(path, error)),
  );

async function tried(stateDir: string): Promise<Unwritable | undefined> {
  const probe = join(stateDir, PROBE);
  try {
    await writeFile(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600 });
    await rm(probe, { force: true });
    return undefined;
  } catch (error) {
    return refusal(stateDir, error as NodeJS.ErrnoException);
  }
}

const refusal = (path: string, { code, name }: NodeJS.ErrnoException): Unwritable => ({
  path,
  code: code ?? name,
});
