import type { AlarmFinding } from '../../machines/contracts/alarm.ts';
import { plain } from '../observability/columns.ts';
import type { ClosedPort, DaemonStatus } from '../observability/status.ts';
import type { DiskFacts } from '../obstacles/disks.ts';
import { capitalized } from '../text.ts';
import { type AlarmName, alarmKinds } from './catalogue.ts';

/** The last jobs whose failure, if there was one, was not their sender's to mend. */
export interface OutcomeFacts {
  readonly finished: number;
  /** By failure code. */
  readonly failed: Readonly<Record<string, number>>;
}

export interface AppleFacts {
  /**
   * Requests in a row that Apple has not answered; 0 after one that it has, or after a week without any. Null when none
   * was made for an hour, or since the start.
   */
  readonly missed: number | null;
}

export interface ExpiryFacts {
  /** E.g. `the certificate "Developer ID Application: …"`. */
  readonly name: string;
  readonly expiresAtMs: number;
}

/** What is known at one look. */
export interface AlarmFacts {
  readonly nowMs: number;
  readonly status: DaemonStatus;
  readonly disks: readonly Omit<DiskFacts, 'neededBytes'>[];
  readonly outcomes: OutcomeFacts;
  readonly apple: AppleFacts;
  /** Of what the jobs of the last days signed with. */
  readonly expiring: readonly ExpiryFacts[];
}

/**
 * What is the case: the fact in a sentence. `absent`: it is known not to be. `unknown`: neither can be said, as long as
 * this process has seen nothing of it; an alarm that was raised before it stays raised meanwhile.
 */
type Judgement =
  | {
      readonly reason: string;
      readonly summary?: string;
      readonly nextStep?: string;
      /** See `AlarmFinding`; none where it can be about one thing alone. */
      readonly subjects?: readonly string[];
    }
  | 'absent'
  | 'unknown';

const FEWEST_JOBS = 5;
const FEWEST_MISSED = 3;
const GB = 1e9;
/** So much more than wanted must be free again: a disk at its limit is not full and empty by turns. */
const DISK_MARGIN = 1.2;

const conditions: Readonly<Record<AlarmName, (facts: AlarmFacts) => Judgement>> = {
  'hub-refused': ({ status: { link, hub } }) => {
    if (link === 'refused') return { reason: `${hub} does not accept the secret that this worker sends.` };
    return link === 'none' ? 'unknown' : 'absent';
  },
  'hub-away': ({ status }) =>
    status.link === 'offline' || status.link === 'none'
      ? { reason: `${status.hub} cannot be reached, or ends the connection (${status.connection}).` }
      : 'absent',
  'worker-unable': ({ status: { obstacles } }) =>
    obstacles.length === 0
      ? 'absent'
      : {
          reason: obstacles.map(({ summary, reason }) => `${summary} ${reason}`).join(' '),
          nextStep: obstacles.map(({ nextStep }) => nextStep).join(' '),
          subjects: obstacles.map(({ about }) => about),
        },
  'machines-unlisted': ({ status: { work, driver } }) => {
    if (work === 'listFailed')
      return { reason: `The driver ${driver} does not say which machines there are.` };
    return notYetSwept(work);
  },
  'machines-leaked': ({ status: { leaked, work } }) =>
    leaked.length > 0 ? { reason: `They are ${named(leaked)}.` } : notYetSwept(work),
  'slots-quarantined': ({ status: { slots } }) =>
    slots.quarantined > 0
      ? { reason: `${slots.quarantined} of ${slots.max} slots are out of service for now.` }
      : 'absent',
  'disk-low': diskLow,
  'signatures-broken': ({ status: { signatures } }) => {
    if (signatures.problem === null) return 'absent';
    const problem = plain(signatures.problem, 400);
    return { reason: `signatures.jsonl in the state directory: ${problem}.`, subjects: [problem] };
  },
  'apple-unreachable': ({ apple: { missed } }) => {
    if (missed === 0) return 'absent';
    return missed !== null && missed >= FEWEST_MISSED
      ? { reason: `${missed} requests in a row had no answer.` }
      : 'unknown';
  },
  'failure-rate': failureRate,
  'port-in-use': ({ status: { closedPorts } }) =>
    closedPorts.length > 0
      ? {
          reason: `${capitalized(named(closedPorts.map(closedPortText)))}.`,
          subjects: closedPorts.map(({ name }) => name),
        }
      : 'absent',
  'credential-expiring': ({ expiring }) =>
    expiring.length > 0
      ? {
          reason: `${capitalized(named(expiring.map(expiryText)))}.`,
          subjects: expiring.map(({ name }) => name),
        }
      : 'absent',
};

/** What one look has found out, about every alarm of which something can be said. */
export function judge(facts: AlarmFacts): AlarmFinding[] {
  return Object.entries(conditions).flatMap(([alarm, condition]): AlarmFinding[] => {
    const judgement = condition(facts);
    const atMs = facts.nowMs;
    if (judgement === 'unknown') return [];
    if (judgement === 'absent') return [{ alarm, holds: false, atMs }];
    const kind = alarmKinds[alarm as AlarmName];
    const { reason, summary = kind.meaning, nextStep = kind.nextStep, subjects = [] } = judgement;
    return [{ alarm, holds: true, atMs, said: { summary, reason, nextStep }, subjects }];
  });
}

/** Until then nobody knows which machines are left. */
const notYetSwept = (work: string): 'absent' | 'unknown' =>
  work === 'sweeping' || work === 'listFailed' ? 'unknown' : 'absent';

function diskLow({ disks }: AlarmFacts): Judgement {
  const known = disks.flatMap((disk) =>
    disk.freeBytes === undefined ? [] : [{ ...disk, free: disk.freeBytes }],
  );
  const low = known.filter(({ free, wantedBytes }) => free < wantedBytes);
  const sentence = ({ folder, free, wantedBytes }: (typeof known)[number]) =>
    `the disk of "${plain(folder, 200)}" has ${inGb(free)} free, and ${inGb(wantedBytes)} are wanted`;
  if (low.length > 0)
    return {
      reason: `${capitalized(low.map(sentence).join('; '))}.`,
      subjects: low.map(({ folder }) => plain(folder, 200)),
    };
  return known.every(({ free, wantedBytes }) => free >= wantedBytes * DISK_MARGIN) ? 'absent' : 'unknown';
}

/** Half is too many, a third is still no good sign; of few, only that they went well says something. */
function failureRate({ outcomes: { finished, failed } }: AlarmFacts): Judgement {
  const count = Object.values(failed).reduce((sum, each) => sum + each, 0);
  if (finished === 0) return 'unknown';
  if (count / finished < 1 / 3) return 'absent';
  if (finished < FEWEST_JOBS || count / finished < 1 / 2) return 'unknown';
  const codes = Object.entries(failed).sort(([, a], [, b]) => b - a);
  const most = codes.slice(0, 3).map(([code, times]) => `${code} (${times})`);
  return { reason: `${count} of the last ${finished} failed so, with ${most.join(', ')}.` };
}

const MAX_NAMED = 5;

function named(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map((name) => plain(name, 120));
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')}, and ${rest} more` : shown.join(', ');
}

const expiryText = ({ name, expiresAtMs }: ExpiryFacts): string =>
  `${plain(name, 90)} on ${new Date(expiresAtMs).toISOString().slice(0, 10)}`;

const closedPortText = ({ name, port, problem }: ClosedPort): string =>
  `the ${name} at port ${port}: ${problem}`;

const inGb = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;
