import type { Standing } from '../../live/messages.ts';
import type { AlarmStatus } from '../../observability/status.ts';
import { counted, plain } from './format.ts';
import { hubSaid } from './hub.ts';
import type { Said } from './tone.ts';
import { workSaid } from './work.ts';

/** What an operator should look at. */
export interface Alert extends Said {
  readonly about: string;
  readonly sinceMs?: number;
  readonly nextTryAtMs?: number;
}

/** What is so at the moment, and what has been told as an alarm because it lasts; each once, the worst first. */
export function alertsOf(standing: Standing, standingAtMs: number): readonly Alert[] {
  const alarms = standing.status.alarms.map(alarmAlert);
  const told = new Set(alarms.map(({ about }) => about));
  const now = [
    ...hubAlert(standing, standingAtMs),
    ...workAlert(standing),
    ...obstacleAlert(standing),
    ...pauseAlert(standing),
    ...machineAlerts(standing),
  ];
  const all = [...alarms, ...now.filter(({ about }) => !told.has(about))];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone !== 'bad')];
}

/** The alarms that are about what stands on the page anyway; those without are about themselves. */
const ABOUT: Readonly<Record<string, string>> = {
  'hub-refused': 'Hub',
  'hub-away': 'Hub',
  'worker-unable': 'Work',
  'machines-unlisted': 'Work',
  'machines-leaked': 'Machines',
  'slots-quarantined': 'Slots',
};

const alarmAlert = ({ alarm, sinceMs, summary, reason, nextStep }: AlarmStatus): Alert => ({
  tone: 'bad',
  about: ABOUT[alarm] ?? `Alarm ${plain(alarm, 60)}`,
  word: plain(summary),
  ...{ detail: reason, nextStep, sinceMs },
});

function hubAlert({ status }: Standing, standingAtMs: number): readonly Alert[] {
  const { word, ...said } = hubSaid(status);
  if (said.tone !== 'bad') return [];
  const { nextTryInSeconds } = status;
  const nextTry = nextTryInSeconds === null ? {} : { nextTryAtMs: standingAtMs + nextTryInSeconds * 1_000 };
  return [{ about: 'Hub', word: `${word}.`, ...said, ...nextTry }];
}

function workAlert({ status: { work, obstacles } }: Standing): readonly Alert[] {
  const { word, ...said } = { ...workSaid(work), ...(work === 'unable' && inTheWay(obstacles)) };
  // what an operator wished for is said beside an alarm about the work, not in its place
  const about = said.tone === 'bad' ? 'Work' : 'Jobs';
  return said.tone === 'bad' || said.tone === 'warn' ? [{ about, word: `${word}.`, ...said }] : [];
}

/** Known also while no jobs would be taken anyway. */
function obstacleAlert({ status: { work, obstacles } }: Standing): readonly Alert[] {
  if (work === 'unable' || obstacles.length === 0) return [];
  return [{ tone: 'bad', about: 'Work', word: 'Every job would fail.', ...inTheWay(obstacles) }];
}

const inTheWay = (obstacles: Standing['status']['obstacles']): Pick<Said, 'detail' | 'nextStep'> => ({
  detail: obstacles.map(({ summary, reason }) => `${summary} ${reason}`).join(' '),
  nextStep: obstacles.map(({ nextStep }) => nextStep).join(' '),
});

function pauseAlert({ status: { pauseProblem } }: Standing): readonly Alert[] {
  if (pauseProblem === null) return [];
  const word = 'A restart would take back the last pause or resume.';
  return [
    { tone: 'warn', about: 'Pause', word, detail: pauseProblem, nextStep: 'Run it again from a terminal.' },
  ];
}

function machineAlerts({ status: { leaked, failingHosts, slots } }: Standing): readonly Alert[] {
  const hosts = Object.entries(failingHosts).map(([name, count]) => `${plain(name, 80)} (${count} times)`);
  const found: (Alert | false)[] = [
    leaked.length > 0 && {
      tone: 'bad',
      about: 'Machines',
      word: `${counted(leaked.length, 'machine')} could not be deleted.`,
      detail: `They are tried again until they are gone: ${leaked.map((name) => plain(name, 80)).join(', ')}`,
      nextStep: 'If they stay, see the log for the cause and delete them by hand.',
    },
    slots.quarantined > 0 && {
      tone: 'warn',
      about: 'Slots',
      word: `${counted(slots.quarantined, 'slot')} out of service for some minutes.`,
      detail: 'The host refused a machine that it should run.',
      nextStep: 'Look for other virtual machines on this host.',
    },
    hosts.length > 0 && {
      tone: 'warn',
      about: 'Cluster',
      word: 'Hosts that did not bring machines to run of late:',
      detail: hosts.join(', '),
      nextStep: 'Restart Orchard there; the log says why.',
    },
  ];
  return found.filter((alert) => alert !== false);
}
