import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LoneFileOutput } from '../../machines/lone-file/machine.ts';
import { withEnvFile } from '../config/env-file.ts';
import { type Config, loadConfig } from '../config/load.ts';
import type { FileTask } from '../run/channel/run-setup.ts';
import { requireArtifactFolder, requireArtifactPath } from '../sign/artifact-target.ts';
import { runFileTask } from '../sign/file-task.ts';
import { apiKeyOf, type KeyFlags, refuseHalfKey } from './api-key.ts';
import { Interrupted } from './ask-password.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { JobDisplay } from './job-display.ts';
import { printJson } from './print-json.ts';
import { type ProjectFlags, withProjectFile } from './project-file.ts';
import { usage, whyNoPath } from './sign-files.ts';
import { endWith } from './tell-error.ts';
import { type TestingFlags, testingWishes } from './testing-flags.ts';

export interface FileFlags extends KeyFlags, TestingFlags, ProjectFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly submission?: string;
  readonly again?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly envFile?: string;
}

/** What the project file may say to these commands. */
const KEYS = ['api-key', 'api-key-env', 'key-id', 'issuer-id', 'env-file'];
const TESTING_KEYS = ['wait', 'testflight-group', 'testflight-notes'];

/**
 * `notarize`, `staple` and `publish`: exit 0 when all of it is done, or that of the one error; 130 after Ctrl-C. What
 * Apple has by then is known to the next call with the same file.
 */
export async function fileCommand(task: FileTask, named: string, given: FileFlags): Promise<void> {
  const display = new JobDisplay(process.stderr, { quiet: given.quiet ?? false });
  const onStop = () => display.line('  stopping: what Apple has by now is not sent again by the next call');
  await interruptible({ ...given, onStop }, async (signal) => {
    try {
      const flags = await withProjectFile(given, task === 'publish' ? [...KEYS, ...TESTING_KEYS] : KEYS);
      requireKey(task, flags);
      const path = await requireFile(named);
      const wanted = await placeOf(named, path, flags);
      const { config, env } = await configOf(flags);
      const output = await runFileTask({
        ...{ config, env, signal },
        credentials: await apiKeyOf(flags),
        submissionId: submissionOf(flags),
        submitsAgain: flags.again === true,
        file: {
          ...{ path, task, place: { wanted, force: flags.out === undefined || flags.force === true } },
          afterUpload: await wishesIn(flags),
        },
        onNote: (note) => display.show(note),
      });
      display.end();
      conclude(output, { path: wanted, flags: given, display, signal });
    } finally {
      display.end();
    }
  });
}

interface Concluding {
  readonly path: string;
  readonly flags: FileFlags;
  readonly display: JobDisplay;
  readonly signal: AbortSignal;
}

function conclude(output: LoneFileOutput, { path, flags, display, signal }: Concluding): void {
  const { failure, isPlaced, submissionId, uploadId, buildId } = output;
  if (failure?.code === 'CANCELLED' && signal.aborted) throw new Interrupted(failure);
  if (failure) return endWith(failure, flags);
  const durationMs = display.finish();
  const result = {
    ok: true,
    ...(isPlaced && { artifact: path }),
    ...(submissionId !== null && { submissionId }),
    ...(uploadId !== null && { uploadId }),
    ...(buildId !== null && { buildId }),
    durationMs,
  };
  if (flags.json) printJson(result);
  else if (isPlaced) process.stdout.write(`${path}\n`);
  process.exitCode = exitCodes.done;
}

function requireKey(task: FileTask, flags: FileFlags): void {
  refuseHalfKey(flags);
  if (task === 'staple' || (flags.apiKey ?? flags.apiKeyEnv) !== undefined) return;
  throw usage(
    'An App Store Connect key is missing.',
    `Apple lets nobody ${task} without one.`,
    'Give --api-key FILE (or --api-key-env NAME), --key-id ID and --issuer-id UUID.',
  );
}

/** As Apple gives them. */
const SUBMISSION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function submissionOf({ submission }: FileFlags): string | null {
  if (submission === undefined || SUBMISSION.test(submission)) return submission ?? null;
  throw usage(
    '--submission must be the id that Apple gave, a UUID.',
    `It is ${JSON.stringify(submission.slice(0, 60))}.`,
  );
}

/** Its absolute path, through links. */
async function requireFile(named: string): Promise<string> {
  return realpath(named).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    const summary = isMissing
      ? `There is no file ${JSON.stringify(named)}.`
      : `The file ${JSON.stringify(named)} cannot be reached.`;
    throw usage(summary, whyNoPath(cause), 'Name a file that exists, and that this user may read.');
  });
}

/** What is stapled takes the place of the file, unless it is wanted elsewhere. */
async function placeOf(named: string, path: string, { out, force = false }: FileFlags): Promise<string> {
  if (out === undefined) return path;
  if ((await stat(path)).isDirectory())
    throw usage('--out is for files.', 'The ticket of an app is put into the app.', 'Leave --out out.');
  const wanted = { out, force };
  const ending = /\.[^./\\]+$/.exec(path)?.[0].toLowerCase();
  const folder = await requireArtifactFolder(wanted, ending, path);
  return requireArtifactPath(folder, resolve(named).split('/').at(-1) ?? 'file', wanted);
}

async function wishesIn(flags: TestingFlags): Promise<unknown> {
  const { wait, testflightGroups, testflightNotes } = await testingWishes(flags);
  return { wait, testflight_groups: testflightGroups, testflight_notes: testflightNotes };
}

async function configOf({ envFile }: FileFlags): Promise<{ config: Config; env: NodeJS.ProcessEnv }> {
  const env = { PERRY_LOG_LEVEL: 'silent', ...(await withEnvFile(process.env, envFile)) };
  return { config: loadConfig(env).config, env };
}
