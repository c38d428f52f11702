import { imageBuildSetup } from './setup.ts';
import { began, fault, guestOfBuild, late } from './transitions.ts';

const releasing = '#imageBuild.making.releasing';

export const provisioning = imageBuildSetup.createStateConfig({
  description: 'The guest is made what jobs need, one step after the other; none is tried twice.',
  initial: 'inspecting',
  states: {
    inspecting: {
      description: 'Whether it is macOS on Apple silicon, lets us administer it, and has room.',
      entry: began('inspecting'),
      invoke: {
        id: 'inspectGuest',
        src: 'inspectGuest',
        input: guestOfBuild,
        onDone: {
          target: 'installingRcodesign',
          actions: { type: 'keepVersion', params: ({ event }) => event.output },
        },
        onError: { target: releasing, actions: fault },
      },
      after: { inspectTimeout: { target: releasing, actions: late('looking at the guest') } },
    },
    installingRcodesign: {
      description: 'The pinned release goes in; its digest is taken on this host and again in the guest.',
      entry: began('installingRcodesign'),
      invoke: {
        id: 'installRcodesign',
        src: 'installRcodesign',
        input: guestOfBuild,
        onDone: 'settingPower',
        onError: { target: releasing, actions: fault },
      },
      after: { rcodesignTimeout: { target: releasing, actions: late('installing rcodesign') } },
    },
    settingPower: {
      description: 'No sleep, no screen saver, no software update.',
      entry: began('settingPower'),
      invoke: {
        id: 'setPower',
        src: 'setPower',
        input: guestOfBuild,
        onDone: [{ guard: 'installsXcode', target: 'installingXcode' }, { target: 'choosingLogin' }],
        onError: { target: releasing, actions: fault },
      },
      after: { powerTimeout: { target: releasing, actions: late('switching off sleep and updates') } },
    },
    installingXcode: {
      description: 'Xcode from the given file: unpacked, its licence accepted, its own packages installed.',
      entry: began('installingXcode'),
      invoke: {
        id: 'installXcode',
        src: 'installXcode',
        input: guestOfBuild,
        onDone: 'choosingLogin',
        onError: { target: releasing, actions: fault },
      },
      after: { xcodeTimeout: { target: releasing, actions: late('installing Xcode') } },
    },
    choosingLogin: {
      description: 'With a key, or with the password of the base image?',
      always: [{ guard: 'authorisesKey', target: 'authorisingKey' }, { target: 'securingSsh' }],
    },
    authorisingKey: {
      description: 'The key of the daemon, and no other one, may log in.',
      entry: began('authorisingKey'),
      invoke: {
        id: 'authoriseKey',
        src: 'authoriseKey',
        input: guestOfBuild,
        onDone: 'securingSsh',
        onError: { target: releasing, actions: fault },
      },
      after: { keyTimeout: { target: releasing, actions: late('authorising the key') } },
    },
    securingSsh: {
      description: 'A host key that nobody else has, and the settings of sshd.',
      entry: began('securingSsh'),
      invoke: {
        id: 'secureSsh',
        src: 'secureSsh',
        input: guestOfBuild,
        onDone: {
          target: '#imageBuild.making.shuttingDown',
          actions: { type: 'keepHostKey', params: ({ event }) => event.output },
        },
        onError: { target: releasing, actions: fault },
      },
      after: { sshTimeout: { target: releasing, actions: late('setting up SSH') } },
    },
  },
});
