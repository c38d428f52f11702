import type { Failure } from '../contracts/failure.ts';
import type { VmClone, VmOutput, VmReport } from '../contracts/vm.ts';

export interface ImageBuildInput {
  /** Name of the image in the end. */
  readonly name: string;
  /** The machine that becomes the image, under a name of its own until it is whole, and what it is cloned from. */
  readonly vm: VmClone;
  /** Name of the clone of it that is tried out. */
  readonly trialName: string;
  readonly installsXcode: boolean;
  /** A key is to log in, and no password any more. */
  readonly authorisesKey: boolean;
}

/** What is learned on the way, for whoever uses the image. */
export interface ImageFindings {
  /** `SHA256:…` of the SSH host key that was made for the image; null until then. */
  readonly hostKeyFingerprint: string | null;
  /** Version of macOS in the image, e.g. `15.5`; null until it is known. */
  readonly osVersion: string | null;
}

export interface ImageBuildContext extends ImageBuildInput, ImageFindings {
  readonly failure: Failure | null;
  readonly isCancelled: boolean;
  /** Where the machine that becomes the image is now. */
  readonly currentName: string;
  /** The clone held what the image promises. */
  readonly wasTried: boolean;
  /** Machines that could not be deleted. */
  readonly leaked: readonly string[];
}

export interface ImageBuildOutput extends ImageFindings {
  readonly outcome: 'built' | 'failed' | 'cancelled';
  readonly failure: Failure | null;
  readonly leaked: readonly string[];
}

export type ImageBuildEvent =
  | { type: 'cancel.requested' }
  /** The registry delivers: something of the base image has come. */
  | { type: 'base.moved' }
  | VmReport;

/** What whoever shows the build is told. */
export interface ImageBuildNote {
  readonly type: 'began';
  readonly phase: ImageBuildPhase;
}

export type ImageBuildPhase =
  | 'surveying'
  | 'pulling'
  | 'booting'
  | 'inspecting'
  | 'installingRcodesign'
  | 'settingPower'
  | 'installingXcode'
  | 'authorisingKey'
  | 'securingSsh'
  | 'shuttingDown'
  | 'checking'
  | 'naming'
  | 'discarding';

export const leakedIn = ({ outcome, name }: VmOutput): readonly string[] =>
  outcome === 'leaked' ? [name] : [];
