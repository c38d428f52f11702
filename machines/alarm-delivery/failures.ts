import type { Failure } from '../contracts/failure.ts';

export const deliveryTimedOut: Failure = {
  kind: 'host',
  code: 'ALARM_NOT_DELIVERED',
  summary: 'An alarm did not reach the operator in time.',
  reason: 'The command or the webhook has not ended before the deadline.',
  nextStep: 'Try the way with "perry-ship alarms test".',
  retryable: true,
};

export const noticeDropped: Failure = {
  kind: 'host',
  code: 'ALARM_NOT_DELIVERED',
  summary: 'An alarm was dropped: too many wait to be delivered.',
  reason: 'Those before it are not taken.',
  nextStep: 'Try the way with "perry-ship alarms test"; "perry-ship status" shows what is raised.',
  retryable: false,
};
