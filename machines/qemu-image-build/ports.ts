import { port } from '../contracts/actors.ts';

/** The effects of one build, in order; files and facts stay behind the ports. */
export const qemuImageBuildPorts = {
  /** Whether the image can be made at all; takes the lock of its name and removes what a killed build has left. Holds nothing when it fails. */
  surveyHost: port<void, void>('surveyHost'),
  obtainRcodesign: port<void, void>('obtainRcodesign'),
  installDebian: port<void, void>('installDebian'),
  makeDisk: port<void, void>('makeDisk'),
  compressDisk: port<void, void>('compressDisk'),
  packInitrd: port<void, void>('packInitrd'),
  describeImage: port<void, void>('describeImage'),
  /** The description goes in last, by one rename. */
  placeImage: port<void, void>('placeImage'),
  /** Ends only when the step before it has ended: its program is killed, its files are removed, the lock is released. */
  clearAway: port<void, void>('clearAway'),
};
