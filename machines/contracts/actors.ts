import {
  type ActorRef,
  type EventObject,
  fromCallback,
  fromPromise,
  type NonReducibleUnknown,
  type Snapshot,
} from 'xstate';

/** All that an actor may know of the one it reports to: which events that one accepts. */
export type Recipient<TEvent extends EventObject> = ActorRef<Snapshot<unknown>, TEvent>;

/**
 * A port: an effect that ends, named by a machine and filled in by `src/actors` with `machine.provide`.
 * An empty port rejects, because an invoke without an implementation would wait for ever without a word.
 */
export const port = <TOutput, TInput extends NonReducibleUnknown>(name: string) =>
  fromPromise<TOutput, TInput>(() => Promise.reject(new Error(`port "${name}" was not provided`)));

/** A port for an effect that lives as long as its state and speaks in events. */
export const livePort = <TReceived extends EventObject, TInput extends NonReducibleUnknown>(name: string) =>
  fromCallback<TReceived, TInput>(() => {
    throw new Error(`port "${name}" was not provided`);
  });
