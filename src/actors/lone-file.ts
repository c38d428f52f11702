import { fromPromise } from 'xstate';
import { loneFileLimits } from '../../machines/lone-file/limits.ts';
import { loneFileMachine, type TakenFile } from '../../machines/lone-file/machine.ts';
import type { FileInput } from '../../machines/lone-file/ports.ts';
import type { FileSetup } from '../run/channel/run-setup.ts';
import { removeFolder } from '../run/host/run-folders.ts';
import type { Services } from '../run/services.ts';
import { effectIn } from './effect.ts';
import { provideNotarization } from './notarization.ts';
import { measureRunIn, watchRunIn } from './run-steps.ts';
import { provideStoreUpload } from './store-upload.ts';
import { provideTestflight } from './testflight.ts';

export type { LoneFileOutput } from '../../machines/lone-file/machine.ts';

/** There is no job and no machine: nothing but the file is asked about. */
const ABOUT_FILE = { pass: 0, claim: null, toolchain: null } as const;

/**
 * One finished file: the charts of a job, in the process of a run.
 *
 * @param setup - secret; given to the process, and kept nowhere else
 */
export function provideLoneFile(services: Services, setup: FileSetup) {
  const { runs, foldersOf, signatures, asker } = services;
  const effect = effectIn(runs);
  return loneFileMachine.provide({
    delays: { ...loneFileLimits, ...services.limits.loneFile },
    actors: {
      notarization: provideNotarization(services),
      storeUpload: provideStoreUpload(services),
      testflight: provideTestflight(services),
      openFile: fromPromise<TakenFile, FileInput>(({ signal }) => runs.openFile(setup, signal)),
      watchRun: watchRunIn(services),
      measureRun: measureRunIn(services),
      recordFile: fromPromise(({ input }) => signatures.enterFile({ ...input, jobId: setup.jobId, asker })),
      recordSubmission: effect('recordSubmission'),
      fetchTicket: effect('fetchTicket'),
      stapleTicket: effect('stapleTicket'),
      placeFile: fromPromise<void, FileInput>(({ input, signal }) =>
        runs.call(input.runId, 'deliverArtifact', ABOUT_FILE, { signal }),
      ),
      closeFile: fromPromise<void, FileInput>(async ({ input: { runId } }) => {
        await runs.end(runId);
        await removeFolder(foldersOf(runId).run);
      }),
    },
  });
}
