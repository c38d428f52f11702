import { hostname } from 'node:os';
import type { AlarmNotice } from '../../machines/contracts/alarm.ts';
import type { NoticeMessage } from '../adapters/alarm/notice.ts';

const HEADS = { raised: 'ALARM', changed: 'CHANGED ALARM', over: 'OVER', test: 'TEST' } as const;

/** A notice as the operator's command and webhook get it. */
export function messageOf(notice: AlarmNotice, worker: string): NoticeMessage {
  const { event, alarm, sinceMs, atMs, isRepeated, said } = notice;
  const since = new Date(sinceMs).toISOString();
  return {
    ...{ v: 1, event, alarm, worker, host: hostname() },
    ...{ since, at: new Date(atMs).toISOString(), repeated: isRepeated },
    ...{ summary: said.summary, reason: said.reason, nextStep: said.nextStep },
    text: textOf(`${HEADS[event]} ${alarm} on ${worker}`, notice, since),
  };
}

function textOf(head: string, { event, said }: AlarmNotice, since: string): string {
  const { summary, reason, nextStep } = said;
  if (event === 'over')
    return `${head}: it is over, after it began at ${since}. It was: ${summary} ${reason}`;
  return `${head}: ${summary} ${reason} ${nextStep} Since ${since}.`;
}

/** So that the operator knows that the way works. */
export const testNotice = (nowMs: number): AlarmNotice => ({
  ...{ event: 'test', alarm: 'test', sinceMs: nowMs, atMs: nowMs, isRepeated: false },
  subjects: [],
  said: {
    summary: 'This is a test of the way that alarms take.',
    reason: 'Somebody ran "perry-ship alarms test".',
    nextStep: 'Nothing has to be done.',
  },
});
