import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { slug } from '../domain/slug.ts';
import { ShipError } from '../errors.ts';
import { artifactOf } from '../steps/artifact-place.ts';
import { passOf, type StepScope } from '../steps/step.ts';
import { held } from '../steps/workbench.ts';

/** Where the artifact of a call is wanted: a folder, or a file. */
export interface ArtifactPlace {
  /** Set once the artifact is there. */
  path?: string;
  readonly wanted: string;
}

/** The step that stands for the upload: the artifact appears under its name whole, or not at all. */
export const placeArtifact =
  (place: ArtifactPlace) =>
  async (scope: StepScope): Promise<void> => {
    const { desk, signal } = scope;
    const artifact = artifactOf(scope);
    const { container } = passOf(scope);
    const name = `${slug(held(desk, 'manifest').appName, 'app')}.${container}`;
    const target = (await isFolder(place.wanted)) ? join(resolve(place.wanted), name) : resolve(place.wanted);
    const part = join(dirname(target), `.perry-ship-${randomUUID()}.part`);
    try {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(artifact.path, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await chmod(part, 0o666 & ~process.umask());
      signal.throwIfAborted();
      await rename(part, target);
    } catch (error) {
      signal.throwIfAborted();
      throw notWritten(target, error as NodeJS.ErrnoException);
    } finally {
      await rm(part, { force: true });
    }
    place.path = target;
  };

/** A folder that exists, or a path that says that it is one. */
const isFolder = async (path: string): Promise<boolean> =>
  /[/\\]$/.test(path) || (await stat(path).catch(() => undefined))?.isDirectory() === true;

const notWritten = (target: string, cause: NodeJS.ErrnoException): ShipError =>
  new ShipError('ARTIFACT_NOT_WRITTEN', {
    summary: `The finished artifact could not be written to "${target}".`,
    reason: `The operating system says ${cause.code ?? 'nothing more'}.`,
    nextStep: 'Give a folder or file that this user may write with --out, and sign again.',
    cause,
  });
