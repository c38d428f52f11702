import type { Failure } from '../contracts/failure.ts';
import type { VmClone } from '../contracts/vm.ts';
import type { VmLifecycleContext } from './context.ts';

export const cloneOf = ({ context }: { context: VmLifecycleContext }): VmClone => ({
  name: context.name,
  image: context.image,
});
export const lostBy = (failure: Failure) => ({ type: 'lose' as const, params: { failure } });
