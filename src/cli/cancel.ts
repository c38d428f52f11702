import { askDaemon } from '../control/client.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

/** Stops one job; its machine is destroyed and the hub is told. */
export async function cancel(jobId: string, flags: StateDirFlags): Promise<void> {
  await askDaemon(await stateDirOf(flags), { request: 'cancel', jobId });
  process.stdout.write(`Job ${jobId} is being cancelled; its machine is destroyed next.\n`);
}
