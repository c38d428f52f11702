import { toFailure } from '../../machines/contracts/failure.ts';
import { channelsOf, deliver } from '../alarms/deliver.ts';
import { testNotice } from '../alarms/message.ts';
import { withEnvFile } from '../config/env-file.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { askDaemon } from '../control/client.ts';
import { ShipError } from '../errors.ts';
import { renderAlarms } from '../observability/status-text.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { printJson } from './print-json.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';
import { tellFailure } from './tell-error.ts';

export interface AlarmsFlags extends StateDirFlags {
  readonly json?: true;
}

/** The alarms that are raised: exit code 1 when there is one. */
export async function listAlarms({ json, ...flags }: AlarmsFlags): Promise<void> {
  const { alarms } = await askDaemon(await stateDirOf(flags), { request: 'status' });
  if (json) printJson({ ok: alarms.length === 0, alarms });
  else print(alarms.length === 0 ? 'No alarm is raised.' : renderAlarms(alarms).join('\n').trimStart());
  if (alarms.length > 0) process.exitCode = exitCodes.failed;
}

export interface TestFlags {
  readonly envFile?: string;
  readonly json?: true;
}

/** Sends a notice by every way that is configured, from this command itself: no daemon need run. */
export async function testAlarms({ envFile, json }: TestFlags): Promise<void> {
  await interruptible({ json: json === true }, async (signal) => {
    const { config } = loadConfig(await withEnvFile(process.env, envFile, (remark) => console.error(remark)));
    const channels = channelsOf(config);
    if (channels.length === 0) throw noWay();
    const ways = [];
    for (const channel of channels) {
      const error = await failureOf(deliver(config, channel, testNotice(Date.now()), signal), signal);
      ways.push({ channel, ok: error === undefined, ...(error && { error }) });
      if (error && !json) tellFailure(error);
      if (!error && !json) print(`The ${NAMES[channel](config)} took a test alarm.`);
    }
    const isGood = ways.every(({ ok }) => ok);
    if (json) printJson({ ok: isGood, ways });
    process.exitCode = isGood ? exitCodes.done : exitCodes.failed;
  });
}

const NAMES = {
  command: ({ alertCommand }: Config) => `command "${alertCommand?.[0]}"`,
  webhook: ({ alertUrl = '' }: Config) => `webhook at ${new URL(alertUrl).host}`,
} as const;

async function failureOf(sent: Promise<void>, signal: AbortSignal) {
  try {
    await sent;
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return toFailure(error);
  }
}

const noWay = (): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: 'An alarm reaches nobody.',
    reason: 'Neither PERRY_ALERT_COMMAND nor PERRY_ALERT_URL is set.',
    nextStep: 'Set one of them, and give the file of the daemon with --env-file.',
  });

const print = (text: string): void => void process.stdout.write(`${text}\n`);
