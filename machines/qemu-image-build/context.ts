import type { Failure } from '../contracts/failure.ts';

export interface QemuImageBuildContext {
  readonly failure: Failure | null;
  readonly isCancelled: boolean;
  /** The image is there whole. */
  readonly isPlaced: boolean;
  /** Nothing but the image is left. */
  readonly isTidy: boolean;
}

export interface QemuImageBuildOutput {
  readonly outcome: 'built' | 'failed' | 'cancelled';
  readonly failure: Failure | null;
  /** False: the next build of the same name removes what is left. */
  readonly isTidy: boolean;
}

export type QemuImageBuildEvent = { type: 'cancel.requested' };

/** What whoever shows the build is told. */
export interface QemuImageBuildNote {
  readonly type: 'began';
  readonly phase: QemuImageBuildPhase;
}

export type QemuImageBuildPhase =
  | 'surveying'
  | 'obtainingRcodesign'
  | 'installing'
  | 'makingDisk'
  | 'compressing'
  | 'packing'
  | 'describing'
  | 'placing'
  | 'clearing';
