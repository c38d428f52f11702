import { createEmptyActor, fromCallback, fromPromise } from 'xstate';

/** Stands for an effect that never answers by itself: the test answers for it with an event. */
// biome-ignore lint/suspicious/noExplicitAny: fits every port
export const pending = fromPromise<any, any>(() => new Promise(() => {}));

/** Stands for a child that hears everything and says nothing. */
export const deaf = fromCallback(() => {}) as never;

/** Stands for an owner that hears everything. */
export const owner = createEmptyActor() as never;

/** The same inert actor under each of these names. */
export const inert = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, pending])) as Record<string, never>;
