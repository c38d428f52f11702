import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, copyFile, link, rename, rm } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { ShipError } from '../errors.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import type { MadeArtifact } from '../run/run-results.ts';
import { debugSymbolsOf } from '../run/steps/debug-symbols.ts';
import { holdDelivery } from '../run/steps/deliver-artifact.ts';
import type { StepScope } from '../run/steps/step.ts';
import { type ArtifactFormat, writeArtifact } from './artifact-format.ts';
import { reasonFor } from './artifact-target.ts';

/** Where the artifact of a call is wanted. */
export interface ArtifactPlace {
  /** Absolute path of the file. */
  readonly wanted: string;
  /** Take the place of a file that exists. */
  readonly force: boolean;
  /** Absolute path of the statement of how it was made, if that is wanted. */
  readonly provenance?: string;
  /** Left out: as the job makes it. */
  readonly format?: ArtifactFormat;
}

/**
 * The step that stands for the upload: the artifact appears under its name whole, or not at all; what goes with it is
 * there before.
 */
export function placeArtifact({ wanted, force, format, provenance }: ArtifactPlace) {
  // what this call has put there already is its own: the step may come twice
  const own = new Set<string>();
  return async (scope: StepScope): Promise<void> => {
    const place = async (to: string, putting: Omit<Putting, 'to' | 'mayReplace'>, mayReplace = false) => {
      await put(scope, { to, mayReplace: force || mayReplace || own.has(to), ...putting });
      own.add(to);
    };
    const copyOf = ({ path }: MadeArtifact) => ({
      mode: FILE_MODE,
      write: (part: string) => copyFile(path, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    });
    const symbols = await debugSymbolsOf(scope);
    if (symbols) await place(symbolsPath(wanted), copyOf(symbols));
    const statement = scope.results.provenance;
    if (statement && provenance !== undefined) await place(provenance, copyOf(statement));
    const isApp = format === 'app';
    const write = (part: string) => writeArtifact(scope, part);
    // a folder replaces nothing
    await place(wanted, { mode: isApp ? FOLDER_MODE : FILE_MODE, write }, isApp);
  };
}

/** The same for a file without a job: what is stapled comes out of the run whole, or not at all. */
export const placeFile =
  ({ wanted, force }: Pick<ArtifactPlace, 'wanted' | 'force'>) =>
  async (scope: StepScope): Promise<void> => {
    const [file] = scope.results.artifacts.values();
    if (!file) throw new Error('there is no file to put anywhere');
    await put(scope, {
      to: wanted,
      mayReplace: force,
      mode: FILE_MODE,
      write: (part) => copyFile(file.path, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    });
  };

const [FILE_MODE, FOLDER_MODE] = [0o666, 0o777] as const;

/** `Hello.dSYMs.zip` beside `Hello.ipa`. */
const symbolsPath = (wanted: string): string => {
  const { dir, name } = parse(wanted);
  return join(dir, `${name}.dSYMs.zip`);
};

interface Putting {
  readonly to: string;
  readonly mayReplace: boolean;
  readonly mode: number;
  readonly write: (part: string) => Promise<void>;
}

async function put({ signal }: StepScope, { to, mayReplace, mode, write }: Putting): Promise<void> {
  const part = join(dirname(to), `.perry-ship-${randomUUID()}.part`);
  try {
    await makeFolder(dirname(to));
    await write(part);
    await chmod(part, mode & ~process.umask());
    signal.throwIfAborted();
    await (mayReplace ? rename(part, to) : appear(part, to));
  } catch (error) {
    signal.throwIfAborted();
    throw notWritten(to, error as NodeJS.ErrnoException);
  } finally {
    // what cannot be removed was never made: the folder itself is gone or is none
    await rm(part, { recursive: true, force: true }).catch(() => {});
  }
}

/** Nothing is put there before the artifact has been checked. */
export const afterCheck =
  (place: (scope: StepScope) => Promise<void>) =>
  async (scope: StepScope): Promise<void> => {
    const { signal } = scope;
    const { released } = holdDelivery(scope);
    await Promise.race([released, once(signal, 'abort').catch(() => {})]);
    signal.throwIfAborted();
    await place(scope);
  };

/** A link never replaces what came there meanwhile; not every file system has them. */
async function appear(part: string, wanted: string): Promise<void> {
  try {
    await link(part, wanted);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw error;
    await copyFile(part, wanted, constants.COPYFILE_EXCL);
  }
}

const notWritten = (target: string, cause: NodeJS.ErrnoException): ShipError =>
  new ShipError('ARTIFACT_NOT_WRITTEN', {
    summary: `The finished artifact could not be written to ${JSON.stringify(target)}.`,
    reason: cause.code === 'EEXIST' ? 'A file of that name exists by now.' : reasonFor(cause.code),
    nextStep: 'Give a folder or file that this user may write with --out, and run the command again.',
    cause,
  });
