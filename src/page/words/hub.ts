import type { DaemonStatus } from '../../observability/status.ts';
import type { Said } from './tone.ts';

/** How the link to the hub stands. */
export function hubSaid({ link, connection }: Pick<DaemonStatus, 'link' | 'connection'>): Said {
  if (link === 'online') return { tone: 'good', word: 'Linked' };
  if (link === 'refused') return refused;
  if (/^(connecting|greeting)/.test(connection)) return { ...away, word: 'Connecting' };
  if (link === 'none') return { tone: 'idle', word: 'Not yet', detail: 'The link is opened in a moment.' };
  return away;
}

const refused: Said = {
  tone: 'bad',
  word: 'Refused',
  detail: 'The hub refuses the secret of this worker. Jobs that run go on, and their results are kept.',
  nextStep: 'Set PERRY_HUB_WORKER_SECRET to the hub’s own secret and restart the daemon.',
};

const away: Said = {
  tone: 'bad',
  word: 'Away',
  detail: 'There is no link to the hub. Jobs that run go on, and their results are kept.',
  nextStep:
    'It is tried again by itself. If it lasts, check PERRY_HUB_URL and the network: “perry-ship doctor” says what answers.',
};
