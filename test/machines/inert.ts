import { type ActorLogic, type AnyEventObject, createEmptyActor, type Snapshot } from 'xstate';

type Still = Snapshot<unknown> & { readonly input: unknown };

/** Hears everything and says nothing: the test answers for it with an event. */
const still: ActorLogic<Still, AnyEventObject> = {
  getInitialSnapshot: (_, input) => ({ status: 'active', output: undefined, error: undefined, input }),
  transition: (state) => state,
  getPersistedSnapshot: (state) => state,
};

/** Stands for an effect that never answers by itself, and for a child. */
export const deaf = still as never;

/** Stands for an owner that hears everything. */
export const owner = createEmptyActor() as never;

/** The same inert actor under each of these names. */
export const inert = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, deaf])) as Record<string, never>;
