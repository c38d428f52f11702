import type { WorkerMessage } from '../adapters/hub/protocol.ts';
import type { Config } from '../config/load.ts';

/** With these the hub gives us jobs; a worker that greets without any is given none. */
export const SIGNING: readonly string[] = ['macos-sign', 'ios-sign'];

export const helloOf = (
  config: Config,
  capabilities: readonly string[],
  maxConcurrent: number,
): WorkerMessage => ({
  type: 'hello',
  capabilities,
  name: config.workerName,
  maxConcurrent,
  ...(config.hubSecret !== undefined && { secret: config.hubSecret }),
});
