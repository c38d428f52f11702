import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import type { JobNote } from '../../machines/contracts/job.ts';
import { type LoneFileOutput, provideLoneFile } from '../actors/lone-file.ts';
import { untilEnds } from '../actors/until-ends.ts';
import type { Config } from '../config/load.ts';
import { logEvents } from '../observability/log-events.ts';
import { type FileSetup, type LocalFile, runSettings } from '../run/channel/run-setup.ts';
import { LOCAL_JOB_ID } from '../run/run-results.ts';
import type { Services } from '../run/services.ts';
import { driverFor, servicesIn } from './local-services.ts';
import { enterWorkspace, sweepWorkspaces } from './workspace.ts';

export interface FileRequest {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly file: LocalFile;
  /** As a hub would send it; secret. */
  readonly credentials: unknown;
  /** Under which Apple has the file already; null when it is to be sent. */
  readonly submissionId: string | null;
  /** A file that carries a ticket is sent all the same. */
  readonly submitsAgain: boolean;
  readonly onNote: (note: JobNote) => void;
  /** Aborting stops it; what it began on this host is undone before the promise settles. */
  readonly signal: AbortSignal;
}

/** No machine is made for a file. */
const NO_MACHINES = { vmDriver: 'local' } as const;

/**
 * Notarizes, staples or publishes one finished file, in a process of its own, with the journals that all calls share:
 * what an earlier one has sent to Apple is not sent again.
 *
 * @throws ShipError what kept it from beginning · the signal's reason when aborted before it began
 */
export async function runFileTask(request: FileRequest): Promise<LoneFileOutput> {
  const { stateDir } = request.config;
  const workspace = await enterWorkspace(stateDir, 'file');
  const left: { services?: Services } = {};
  try {
    const config = { ...request.config, ...NO_MACHINES };
    const services = await servicesIn(workspace, { ...request, config });
    left.services = services;
    services.runs.prepareOne();
    await sweepWorkspaces(stateDir, driverFor(services), request.signal, 'file');
    request.signal.throwIfAborted();
    return await perform(services, request);
  } finally {
    await left.services?.runs.close();
    await left.services?.signatures.close();
    await workspace.leave();
  }
}

async function perform(services: Services, request: FileRequest): Promise<LoneFileOutput> {
  const { file, credentials, submissionId, submitsAgain, onNote, signal } = request;
  const runId = randomUUID();
  const setup: FileSetup = {
    ...{ runId, jobId: LOCAL_JOB_ID, audience: services.audience, credentials, file },
    settings: runSettings(services.config),
    folders: services.foldersOf(runId),
  };
  const actor = createActor(provideLoneFile(services, setup), {
    id: 'lone-file',
    input: { runId, task: file.task, submissionId, submitsAgain },
    inspect: logEvents(services.logger),
  });
  actor.on('noted', ({ note }) => onNote(note));
  return untilEnds(actor, signal);
}
