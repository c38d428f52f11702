import type { EventLine } from '../../live/messages.ts';
import { capital, inWords, plain } from './format.ts';
import { stageWord } from './jobs.ts';
import type { Said } from './tone.ts';

type Facts = Readonly<Record<string, unknown>>;
type Say = (facts: Facts) => Said;

const busy = (word: string): Said => ({ tone: 'busy', word });
const good = (word: string): Said => ({ tone: 'good', word });
const warn = (word: string): Said => ({ tone: 'warn', word });
const bad = (word: string): Said => ({ tone: 'bad', word });
const idle = (word: string): Said => ({ tone: 'idle', word });

const textOf = (value: unknown): string => (typeof value === 'string' ? plain(value) : '');
const inside = (value: unknown): Facts =>
  typeof value === 'object' && value !== null ? (value as Facts) : {};
const with_ = (sentence: string, more: string): string => (more === '' ? sentence : `${sentence}: ${more}`);

/** What went wrong, in one sentence. */
const failureText = (failure: unknown): string => {
  const { code, summary } = inside(failure);
  return [textOf(code), textOf(summary)].filter(Boolean).join(': ');
};

const SAYINGS: Readonly<Record<string, Say>> = {
  'hub.linkUp': () => good('Linked to the hub'),
  'hub.linkLost': ({ reason }) => warn(with_('The link to the hub is lost', textOf(reason))),
  'hub.refused': () => bad('The hub refuses the worker secret'),
  'hub.jobAssigned': ({ jobId }) => busy(with_('The hub hands over a job', textOf(jobId))),
  'hub.jobMalformed': ({ jobId, failure }) =>
    bad(with_(`A job cannot be read, ${textOf(jobId)}`, failureText(failure))),
  'hub.cancelRequested': ({ jobId }) => warn(with_('The hub cancels a job', textOf(jobId))),
  'hub.report': () => idle('A report goes to the hub'),
  'job.noted': ({ note }) => noteSaid(inside(note)),
  'job.concluded': ({ conclusion }) => conclusionSaid(inside(conclusion)),
  'job.dropped': () => warn('The hub gave the job to another worker'),
  'job.awaitingSlot': () => idle('Waits for a slot'),
  'job.awaitingReassignment': () => warn('The hub took the job back; it may come again'),
  'job.claimConfirmed': () => good('The hub counts the job as ours'),
  'job.cancelRequested': ({ why }) =>
    warn(why === 'shutdown' ? 'Is to be cancelled: the daemon ends' : 'Is to be cancelled'),
  'job.adopted': () => idle('The hub assigned the job once more; the run goes on with it'),
  'slot.granted': () => busy('Gets a slot'),
  'process.ended': ({ failure }) => bad(with_('The process of the run has ended', failureText(failure))),
  'vm.ready': ({ name }) => good(with_('A machine is ready', textOf(name))),
  'vm.lost': ({ failure }) => bad(with_('The machine is lost', failureText(failure))),
  'vm.exited': ({ reason, inOrder }) =>
    (inOrder === true ? idle : bad)(with_('The machine has ended', textOf(reason))),
  'guest.lost': ({ reason }) => bad(with_('The connection to the machine is lost', textOf(reason))),
  'vm.releaseRequested': () => idle('The machine is to be destroyed'),
  'pool.changed': ({ standbys }) => idle(`Standby machines: ${Number(standbys)}`),
  'pool.leaked': ({ name }) => bad(with_('A standby machine could not be deleted', textOf(name))),
  'capacity.changed': ({ slots }) =>
    (slots === 0 ? warn : idle)(`The cluster has room for ${Number(slots)} machines`),
  'capacity.stale': () => warn('The controller of the cluster says nothing'),
  'capacity.restored': () => good('The controller of the cluster answers again'),
  'drain.requested': () => warn('Draining was asked for'),
  'yield.requested': () => warn('An upgrade waits for the jobs that run'),
  'yield.withdrawn': () => good('No upgrade waits any more'),
  'pause.requested': () => warn('A pause was asked for'),
  'resume.requested': () => good('Resuming was asked for'),
  'shutdown.requested': () => warn('The daemon is told to end'),
  'socket.opened': () => good('The connection to the hub is open'),
  'socket.lost': ({ reason }) => warn(with_('The connection to the hub is lost', textOf(reason))),
};

function noteSaid({ kind, stage, message, line, percent, position }: Facts): Said {
  if (kind === 'stage') return busy(`${stageWord(String(stage))}: ${textOf(message)}`);
  if (kind === 'log') return idle(textOf(line));
  if (kind === 'progress') return idle(`${stageWord(String(stage))}: ${Number(percent)}%`);
  if (kind === 'queued') return idle(`Number ${Number(position)} in line`);
  return good(textOf(message));
}

function conclusionSaid({ outcome, failure }: Facts): Said {
  if (outcome === 'succeeded') return good('The job has succeeded');
  if (outcome === 'failed') return bad(with_('The job has failed', failureText(failure)));
  if (outcome === 'returned') return idle('The job goes back to the hub');
  return idle(`The job was ${textOf(outcome)}`);
}

/** True for what an operator follows; the others are how it is done, for whoever looks into a fault. */
export function isTold({ type, facts }: Pick<EventLine, 'type' | 'facts'>): boolean {
  if (type === 'job.noted') return inside(facts.note).kind !== 'progress';
  return type.startsWith('xstate.error.') || (Object.hasOwn(SAYINGS, type) && !INNER.has(type));
}

/** Said once more to somebody else, or by each step. */
const INNER = new Set([
  'hub.report',
  'pool.changed',
  'vm.exited',
  'vm.releaseRequested',
  'socket.opened',
  'socket.lost',
]);

/** An event in a sentence. */
export function eventSaid({ type, facts }: Pick<EventLine, 'type' | 'facts'>): Said {
  const say = Object.hasOwn(SAYINGS, type) ? SAYINGS[type] : undefined;
  return say ? say(facts) : (builtIn(type, facts) ?? idle(capital(inWords(type.replaceAll('.', ' ')))));
}

/** Events that XState makes by itself: their types end with the id of who, or what, they are about. */
function builtIn(type: string, { error }: Facts): Said | undefined {
  const [xstate, kind, ...rest] = type.split('.');
  if (xstate !== 'xstate') return undefined;
  if (kind === 'after') return idle(`A time is over: ${inWords(rest[0] ?? '')}`);
  const who = capital(inWords(rest.slice(1).join(' ')));
  if (kind === 'done') return idle(`${who}: done`);
  if (kind === 'error') return bad(with_(`${who}: failed`, failureText(error)));
  return idle(capital(inWords(rest.join(' '))));
}
