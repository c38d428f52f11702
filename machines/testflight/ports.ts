import { port } from '../contracts/actors.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';

/** Every effect knows the run, under which keys, names and texts lie behind the port, and what was uploaded. */
export interface RunInput {
  readonly runId: string;
  readonly artifact: Artifact;
}

export interface BuildInput extends RunInput {
  /** Apple's id of the build. */
  readonly buildId: string;
}

/** How far Apple is with the build. */
export interface BuildNews {
  /** `none`: it cannot be seen yet. */
  readonly state: 'none' | 'processing' | 'valid' | 'refused';
  /** Null as long as there is none. */
  readonly buildId: string | null;
  /**
   * Whether Apple knows how the app uses encryption. `declared`: not yet, and the Info.plist of the app says it; `open`:
   * nobody says it, and Apple lets nobody test before.
   */
  readonly compliance: 'answered' | 'declared' | 'open';
  /** Of a refused one; its text is for the user. */
  readonly failure: Failure | null;
}

/** What a person should know of a thing that was done; nothing, most often. */
export interface Done {
  readonly remarks: readonly string[];
}

export const testflightPorts = {
  askBuild: port<BuildNews, RunInput>('askBuild'),
  answerCompliance: port<void, BuildInput>('answerCompliance'),
  /** "What to test", in each language that it was given in. */
  writeNotes: port<void, BuildInput>('writeNotes'),
  /** Gives the build to the groups that were named. Once more is harmless. */
  joinGroups: port<Done & { readonly needsReview: boolean }, BuildInput>('joinGroups'),
  /** Testers outside of the team get a build that Apple has reviewed; asks for that, unless it was asked for. */
  requestReview: port<Done, BuildInput>('requestReview'),
};
