import { askDaemon } from '../control/client.ts';
import type { DaemonStatus } from '../observability/status.ts';
import { printJson } from './print-json.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface PauseFlags extends StateDirFlags {
  readonly json?: true;
}

/** The daemon takes no jobs until it is resumed, also after a restart; those that run may finish. */
export async function pause({ json, ...flags }: PauseFlags): Promise<void> {
  const status = await askDaemon(await stateDirOf(flags), { request: 'pause' });
  if (json) return printJson({ ok: true, ...status });
  const { length } = status.runs;
  const jobs =
    length === 0 ? 'No job is here' : length === 1 ? '1 job may finish' : `${length} jobs may finish`;
  print(`The daemon is paused and takes no jobs, also after a restart. ${jobs}.`);
  print('"perry-ship resume" lets it take jobs again.');
}

export async function resume({ json, ...flags }: PauseFlags): Promise<void> {
  const status = await askDaemon(await stateDirOf(flags), { request: 'resume' });
  if (json) return printJson({ ok: true, ...status });
  print(resumed(status));
}

function resumed({ link, work }: DaemonStatus): string {
  if (work === 'unable')
    return 'The daemon is not paused any more. It takes jobs when they can succeed again: "perry-ship status" says what keeps them from it.';
  if (work !== 'accepting') return `The daemon is not paused any more. It takes no jobs yet: it is ${work}.`;
  if (link === 'online') return 'The daemon takes jobs again.';
  return `The daemon takes jobs again as soon as it has a link to the hub; the link is ${link} now.`;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
