import { cancelJob } from '../control/client.ts';
import { requireName } from './jobs.ts';
import { printJson } from './print-json.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface CancelFlags extends StateDirFlags {
  readonly json?: true;
}

/** Stops one job; its machine is destroyed and the hub is told. */
export async function cancel(job: string, { json, ...flags }: CancelFlags): Promise<void> {
  requireName(job);
  const jobId = await cancelJob(await stateDirOf(flags), job);
  if (json) return printJson({ ok: true, jobId });
  process.stdout.write(`Job ${jobId} is being cancelled; its machine is destroyed next.\n`);
}
