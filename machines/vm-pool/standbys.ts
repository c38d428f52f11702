import type { ActorRefFrom } from 'xstate';
import type { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';

/** One machine that is kept for the next job. */
export interface Standby {
  readonly name: string;
  /** Makes the id of its actor; free for another one when this one has ended. */
  readonly number: number;
  /** `leaving`: stopped, or handed over; it holds its slot until it has ended. */
  readonly phase: 'warming' | 'ready' | 'checking' | 'leaving';
  /** The run that gets it as soon as it is ready. */
  readonly reservedFor: string | null;
  readonly ref: ActorRefFrom<typeof vmLifecycleMachine>;
}

export type Standbys = readonly Standby[];

export const standbyIdOf = ({ number }: Pick<Standby, 'number'>): `standby.${number}` => `standby.${number}`;

/** Name of the machine whose actor has this id. */
export const nameOfActor = (standbys: Standbys, actorId: string): string =>
  standbys.find((standby) => standbyIdOf(standby) === actorId)?.name ?? '';

export const changeStandby = (standbys: Standbys, name: string, with_: Partial<Standby>): Standbys =>
  standbys.map((standby) => (standby.name === name ? { ...standby, ...with_ } : standby));

/** Those that no run has been promised. */
export const unpromised = (standbys: Standbys): Standbys =>
  standbys.filter(({ reservedFor }) => reservedFor === null);

/** Those that boot, for a run or for none, or are on their way out. */
export const unsettled = (standbys: Standbys): Standbys =>
  standbys.filter(({ phase }) => phase === 'warming' || phase === 'leaving');

/** The one that is ready soonest. */
export const bestFor = (standbys: Standbys): Standby | undefined =>
  unpromised(standbys).find(({ phase }) => phase === 'ready') ??
  unpromised(standbys).find(({ phase }) => phase === 'warming');
