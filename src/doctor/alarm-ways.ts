import { reachWebhook } from '../adapters/alarm/webhook.ts';
import { findOnPath, isExecutableFile } from '../adapters/rcodesign/probe.ts';
import type { Config } from '../config/load.ts';
import { type Check, type Finding, failed, ok, remark } from './check.ts';

/** Nobody is told anything: "perry-ship alarms test" does that. */
export function alarmWays({ alertCommand, alertUrl }: Config, env: NodeJS.ProcessEnv): Check[] {
  if (!alertCommand && alertUrl === undefined) return [nobody];
  return [
    ...(alertCommand ? [commandCheck(alertCommand, env)] : []),
    ...(alertUrl === undefined ? [] : [webhookCheck(new URL(alertUrl))]),
  ];
}

const nobody: Check = {
  question: 'Does an alarm reach anybody?',
  ask: async () =>
    remark(
      'Alarms stand in the log and in "perry-ship status" alone: neither PERRY_ALERT_COMMAND nor PERRY_ALERT_URL is set',
      'Set one of them, and try it with "perry-ship alarms test"; in Prometheus the examples of perry-ship do the same.',
    ),
};

const commandCheck = ([program = '']: readonly string[], env: NodeJS.ProcessEnv): Check => ({
  question: 'Is the command for alarms here?',
  ask: async () => {
    const path = program.includes('/')
      ? (await isExecutableFile(program)) && program
      : await findOnPath(program, env);
    if (path) return ok(`${path}; "perry-ship alarms test" tries it`);
    return failed(
      `"${program}" of PERRY_ALERT_COMMAND is no program that this user may start`,
      'Give the whole path of one that is installed and may be executed.',
    );
  },
});

const webhookCheck = (url: URL): Check => ({
  question: 'Is the webhook for alarms there?',
  ask: async (signal): Promise<Finding> => {
    await reachWebhook(url, signal);
    return ok(`${url.host} answers; "perry-ship alarms test" tries the rest of the address, which is secret`);
  },
});
