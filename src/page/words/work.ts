import type { DaemonStatus } from '../../observability/status.ts';
import type { Said } from './tone.ts';

const SAID: Readonly<Record<string, Said>> = {
  accepting: { tone: 'good', word: 'Taking jobs' },
  unable: {
    tone: 'bad',
    word: 'Taking none',
    detail: 'Every job would fail here; jobs are taken again by themselves when that is over.',
  },
  paused: {
    tone: 'warn',
    word: 'Paused',
    detail: 'No jobs are taken until you resume; what runs goes on.',
  },
  sweeping: {
    tone: 'busy',
    word: 'Clearing up',
    detail: 'What the last process left is destroyed before jobs are taken.',
  },
  listFailed: {
    tone: 'bad',
    word: 'Blocked',
    detail: 'The machines on this host cannot be listed, so no jobs are taken.',
    nextStep: 'See the log of the daemon for the cause, and ask “perry-ship doctor”.',
  },
  yielding: {
    tone: 'warn',
    word: 'Upgrading',
    detail: 'No jobs are taken as long as an upgrade waits for those that run.',
  },
  draining: {
    tone: 'warn',
    word: 'Draining',
    detail: 'No more jobs are taken. The daemon ends when those that run have finished.',
  },
  declining: { tone: 'warn', word: 'Ending', detail: 'The daemon was told to end before it had a link.' },
  stopping: { tone: 'warn', word: 'Stopping', detail: 'Jobs go back to the hub or are cancelled.' },
  answering: { tone: 'warn', word: 'Ending', detail: 'The senders of interrupted jobs are told.' },
  closing: { tone: 'warn', word: 'Ending', detail: 'The last results are said, and the link is closed.' },
  stopped: { tone: 'idle', word: 'Stopped' },
};

/** Jobs come when all is well: with the work, with the link to the hub, and with the slots. */
export function intakeSaid({ work, link, slots }: Pick<DaemonStatus, 'work' | 'link' | 'slots'>): Said {
  if (work !== 'accepting') return workSaid(work);
  if (link !== 'online') return { tone: 'warn', word: 'Waiting for the hub' };
  return slots.max > slots.quarantined ? workSaid(work) : { tone: 'warn', word: 'No slot to use' };
}

/** Where no job is. */
export const emptySaid = (status: Pick<DaemonStatus, 'work' | 'link' | 'slots'>): string =>
  intakeSaid(status).tone === 'good'
    ? 'No job is here. One appears as soon as the hub hands it over.'
    : `No job is here, and none is taken now: ${intakeSaid(status).word.toLowerCase()}.`;

/** What the daemon does with jobs. */
export const workSaid = (work: string): Said => SAID[work] ?? { tone: 'idle', word: work };

export const canDrain = (work: string): boolean => ['accepting', 'unable', 'paused'].includes(work);
