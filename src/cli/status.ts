import { askDaemon } from '../control/client.ts';
import { diskText } from '../doctor/disk-use.ts';
import { ShipError } from '../errors.ts';
import { renderStatus } from '../observability/status-text.ts';
import { diskOf } from './disk-line.ts';
import { jsonText } from './print-json.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';
import { endWith } from './tell-error.ts';
import { watchStatus } from './watch-status.ts';

export interface StatusFlags extends StateDirFlags {
  readonly json?: true;
  readonly watch?: true;
}

/** How the daemon stands. With `--json` there is an answer for a program also when no daemon runs. */
export async function status(flags: StatusFlags): Promise<void> {
  const stateDir = await stateDirOf(flags);
  if (flags.watch) return watchStatus(stateDir, { json: flags.json === true });
  try {
    const answer = await askDaemon(stateDir, { request: 'status' });
    const disk = await diskOf(stateDir, flags);
    if (flags.json) return print(jsonText({ running: true, ...answer, disk }));
    print(`${renderStatus(answer)}\n\ndisk  ${diskText(disk)}`);
  } catch (error) {
    if (!flags.json || !(error instanceof ShipError) || error.code !== 'DAEMON_NOT_RUNNING') throw error;
    print(jsonText({ running: false, stateDir }));
    endWith(error, {});
  }
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
