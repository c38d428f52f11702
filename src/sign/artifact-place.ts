import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, copyFile, link, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ShipError } from '../errors.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { holdDelivery } from '../run/steps/deliver-artifact.ts';
import type { StepScope } from '../run/steps/step.ts';
import { type ArtifactFormat, writeArtifact } from './artifact-format.ts';
import { reasonFor } from './artifact-target.ts';

/** Where the artifact of a call is wanted. */
export interface ArtifactPlace {
  /** Set once the artifact is there. */
  path?: string;
  /** Absolute path of the file. */
  readonly wanted: string;
  /** Take the place of a file that exists. */
  readonly force: boolean;
  /** Left out: as the job makes it. */
  readonly format?: ArtifactFormat;
}

/** The step that stands for the upload: the artifact appears under its name whole, or not at all. */
export const placeArtifact =
  (place: ArtifactPlace) =>
  async (scope: StepScope): Promise<void> => {
    const { signal } = scope;
    const { wanted, force, format } = place;
    const part = join(dirname(wanted), `.perry-ship-${randomUUID()}.part`);
    try {
      await makeFolder(dirname(wanted));
      await writeArtifact(scope, part);
      await chmod(part, (format === 'app' ? 0o777 : 0o666) & ~process.umask());
      signal.throwIfAborted();
      // what this call has put there already is its own: the step may come twice; a folder replaces nothing
      const mayReplace = force || place.path === wanted || format === 'app';
      await (mayReplace ? rename(part, wanted) : appear(part, wanted));
    } catch (error) {
      signal.throwIfAborted();
      throw notWritten(wanted, error as NodeJS.ErrnoException);
    } finally {
      // what cannot be removed was never made: the folder itself is gone or is none
      await rm(part, { recursive: true, force: true }).catch(() => {});
    }
    place.path = wanted;
  };

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
    nextStep: 'Give a folder or file that this user may write with --out, and sign again.',
    cause,
  });
