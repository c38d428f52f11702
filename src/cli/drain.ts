import { askDaemon } from '../control/client.ts';
import { printJson } from './print-json.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface DrainFlags extends StateDirFlags {
  readonly now?: true;
  readonly json?: true;
}

/** The daemon takes no more jobs and ends when those that run have finished; with `--now` they are cancelled. */
export async function drain({ now, json, ...flags }: DrainFlags): Promise<void> {
  const status = await askDaemon(await stateDirOf(flags), { request: now ? 'shutdown' : 'drain' });
  if (json) return printJson({ ok: true, ...status });
  const { runs, work } = status;
  const jobs = runs.length === 1 ? '1 job' : `${runs.length} jobs`;
  const text = now ? `stopping: ${jobs} cancelled` : `draining: ${jobs} may finish`;
  process.stdout.write(`The daemon is ${text}; it is ${work} now and ends by itself.\n`);
}
