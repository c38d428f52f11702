import { port, type Recipient } from '../contracts/actors.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';

/** Which machine a step works in. */
export interface GuestOfBuild {
  readonly vmName: string;
}

/** What is known of the host before anything is made. */
export interface HostSurvey {
  /** The base image is in a registry, and not on this host yet. */
  readonly needsPull: boolean;
}

/** The effects of one build; files, keys and connections stay behind the ports. */
export const imageBuildPorts = {
  /** Whether the image can be made at all; destroys what builds that were killed have left. */
  surveyHost: port<HostSurvey, void>('surveyHost'),
  /** Says `base.moved` to its owner whenever something has come. */
  pullBase: port<void, { owner: Recipient<{ type: 'base.moved' }> }>('pullBase'),
  buildVm: vmLifecycleMachine,
  inspectGuest: port<{ osVersion: string }, GuestOfBuild>('inspectGuest'),
  installRcodesign: port<void, GuestOfBuild>('installRcodesign'),
  setPower: port<void, GuestOfBuild>('setPower'),
  installXcode: port<void, GuestOfBuild>('installXcode'),
  authoriseKey: port<void, GuestOfBuild>('authoriseKey'),
  /** Last of all: from here on a new connection needs the new keys. */
  secureSsh: port<{ hostKeyFingerprint: string }, GuestOfBuild>('secureSsh'),
  /** A clone of what was made, reached as a daemon reaches it. */
  trialVm: vmLifecycleMachine,
  examineTrial: port<void, GuestOfBuild>('examineTrial'),
  /** One step: from a name of ours to the name of the image. */
  nameImage: port<void, { vmName: string; name: string; hostKeyFingerprint: string; osVersion: string }>(
    'nameImage',
  ),
  discardVm: port<void, { vmName: string }>('discardVm'),
};
