import { cancelJob } from '../control/client.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

/** Stops one job; its machine is destroyed and the hub is told. */
export async function cancel(job: string, flags: StateDirFlags): Promise<void> {
  const jobId = await cancelJob(await stateDirOf(flags), job);
  process.stdout.write(`Job ${jobId} is being cancelled; its machine is destroyed next.\n`);
}
