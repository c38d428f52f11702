import { resolve } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { runSettings } from '../../src/run/channel/run-setup.ts';
import { runProcessLimits } from '../../src/run/host/limits.ts';
import { runFolderOf } from '../../src/run/host/run-folders.ts';
import { Runs } from '../../src/run/host/runs.ts';
import type { RunResults } from '../../src/run/run-results.ts';
import { inProcessRuns } from './in-process-runs.ts';

export interface RunsWithDesks {
  readonly runs: Runs;
  /** Opens a run of which the test says what it has. */
  open(runId: string, has: Partial<RunResults>): Promise<RunResults>;
}

export interface RunsWithDesksOptions {
  /** State directory. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly writeLog?: (line: string) => void;
}

/** Runs in this process whose earlier steps the test has played. */
export function runsWithDesks({
  folder,
  env = {},
  writeLog = () => {},
}: RunsWithDesksOptions): RunsWithDesks {
  const allResults = new Map<string, RunResults>();
  const as = (text: string) => text;
  const logger = createLogger({
    ...{ level: 'trace', forTerminal: false, write: writeLog },
    redactor: { ofJob: () => as, ofWorker: as, ofAnyJob: as },
  });
  const start = inProcessRuns({ onRoom: ({ results }) => allResults.set(results.runId, results) });
  const runs = new Runs({ start, limits: runProcessLimits, slots: 1, logger });
  const { config } = loadConfig({ PERRY_VM_DRIVER: 'local', ...env, PERRY_STATE_DIR: folder });
  return {
    runs,
    open: async (runId, has) => {
      await runs.open(
        {
          ...{ runId, jobId: 'job-1', audience: 'hub', toolchain: null, authToken: 'token' },
          settings: runSettings(config),
          folders: { run: runFolderOf(resolve(folder), runId), journal: folder, kept: folder },
          manifest: { app_name: 'App', bundle_id: 'com.example.app', version: '1', targets: ['macos-sign'] },
          credentials: {},
        },
        new AbortController().signal,
      );
      const results = allResults.get(runId);
      if (!results) throw new Error(`run ${runId} has no results`);
      return Object.assign(results, has);
    },
  };
}
