import type { AlarmChannel, AlarmNotice } from '../../machines/contracts/alarm.ts';
import { runAlarmCommand } from '../adapters/alarm/command.ts';
import { postToWebhook } from '../adapters/alarm/webhook.ts';
import type { Config } from '../config/load.ts';
import { messageOf } from './message.ts';

export type AlertConfig = Pick<Config, 'alertCommand' | 'alertUrl' | 'workerName'>;

/** The ways to the operator that are configured. */
export const channelsOf = ({ alertCommand, alertUrl }: AlertConfig): readonly AlarmChannel[] => [
  ...(alertCommand ? (['command'] as const) : []),
  ...(alertUrl === undefined ? [] : (['webhook'] as const)),
];

/**
 * One attempt to tell the operator.
 *
 * @throws ShipError ALARM_NOT_DELIVERED · the signal's reason
 */
export async function deliver(
  { alertCommand = [], alertUrl = '', workerName }: AlertConfig,
  channel: AlarmChannel,
  notice: AlarmNotice,
  signal: AbortSignal,
): Promise<void> {
  const message = messageOf(notice, workerName);
  if (channel === 'command') await runAlarmCommand(alertCommand, message, signal);
  else await postToWebhook(new URL(alertUrl), message, signal);
}
