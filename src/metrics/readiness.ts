import type { DaemonStatus } from '../observability/status.ts';

const LINK: Readonly<Record<string, string>> = {
  none: 'There has been no link to the hub yet.',
  offline: 'There is no link to the hub.',
  refused: 'The hub refuses the worker secret.',
};

const WORK: Readonly<Record<string, string>> = {
  sweeping: 'What the previous process left is being destroyed.',
  listFailed: 'The driver cannot list leftover machines.',
  paused: 'The worker is paused: "perry-ship resume".',
  yielding: 'An upgrade waits for the jobs that run.',
  unable: 'Every job would fail here; jobs are taken again by themselves when that is over.',
  draining: 'The worker drains: it takes no more jobs.',
};

/** Why this worker takes no jobs now, a sentence each; none when it does. One whose slots are all used takes jobs. */
export function notReadyBecause({ link, work, slots, obstacles }: DaemonStatus): readonly string[] {
  return [
    ...(work === 'accepting' ? [] : [WORK[work] ?? `The worker takes no jobs: it is ${work}.`]),
    ...obstacles.map(({ summary, reason, nextStep }) => `${summary} ${reason} ${nextStep}`),
    ...(link === 'online' ? [] : [LINK[link] ?? `The link to the hub is ${link}.`]),
    ...(slots.max - slots.quarantined > 0 ? [] : ['There is no slot for a job.']),
  ];
}
