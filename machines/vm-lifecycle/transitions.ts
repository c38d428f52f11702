import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import type { VmClone } from '../contracts/vm.ts';
import type { VmLifecycleContext } from './context.ts';
import { vmTimedOut } from './failures.ts';

export const cloneOf = ({ context }: { context: VmLifecycleContext }): VmClone => ({
  name: context.name,
  image: context.image,
});
/** After its deadline, with what the last attempt has met. */
export const lostInVain = (doing: string) => ({
  type: 'lose' as const,
  params: ({ context }: { context: VmLifecycleContext }) => ({ failure: vmTimedOut(doing, context.rebuff) }),
});
export const lostBy = (failure: Failure) => ({ type: 'lose' as const, params: { failure } });
/** An attempt to log in has failed, and another one is worth a try. */
export const rebuffed = {
  guard: { type: 'isWorthRepeating' as const, params: errorOf },
  target: 'pausing',
  actions: { type: 'noteRebuff' as const, params: errorOf },
} as const;
