import { assign } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { VmAddress } from '../contracts/vm.ts';
import { vmTimedOut } from './failures.ts';
import { vmLifecycleSetup } from './setup.ts';
import { cloneOf, lostBy, lostInVain, rebuffed } from './transitions.ts';

export const booting = vmLifecycleSetup.createStateConfig({
  description: "The machine's process is being started.",
  on: { 'vm.started': [{ guard: 'isBooted', target: 'ready' }, { target: 'locating' }] },
  after: { bootTimeout: { target: 'stopping', actions: lostBy(vmTimedOut('booting')) } },
});

export const locating = vmLifecycleSetup.createStateConfig({
  description: 'The machine runs; it is asked for until it has an address.',
  after: {
    locateTimeout: { target: 'stopping', actions: lostBy(vmTimedOut('getting an address')) },
  },
  initial: 'asking',
  states: {
    asking: {
      description: 'One question to the driver where the guest answers.',
      invoke: {
        id: 'locateVm',
        src: 'locateVm',
        input: cloneOf,
        onDone: {
          target: '#vmLifecycle.alive.connecting',
          actions: assign({ address: ({ event }) => event.output }),
        },
        onError: [
          { guard: { type: 'isWorthRepeating', params: errorOf }, target: 'pausing' },
          { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
        ],
      },
    },
    pausing: {
      description: 'Backs off before the next question.',
      after: { locatePause: 'asking' },
    },
  },
});

export const connecting = vmLifecycleSetup.createStateConfig({
  description: 'The address is known; the guest is greeted until it lets us in.',
  after: {
    connectTimeout: { target: 'stopping', actions: lostInVain('answering to SSH') },
  },
  entry: 'forgetRebuffs',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One attempt to log in, with the host key pinned.',
      invoke: {
        id: 'connectGuest',
        src: 'connectGuest',
        input: ({ context }) => ({ ...cloneOf({ context }), address: context.address as VmAddress }),
        onDone: '#vmLifecycle.alive.ready',
        onError: [
          rebuffed,
          { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
        ],
      },
    },
    pausing: {
      description: 'Backs off; then the address is asked for again, because it may be stale.',
      after: { connectPause: 'relocating' },
    },
    relocating: {
      description: 'Asks for the address again before the next attempt.',
      invoke: {
        id: 'relocateVm',
        src: 'locateVm',
        input: cloneOf,
        onDone: { target: 'attempting', actions: assign({ address: ({ event }) => event.output }) },
        onError: 'pausing',
      },
    },
  },
});
