/** What one of Apple's tools thinks of something that is finished: the second opinion beside our own check. */
export interface ToolOpinion {
  readonly holds: boolean;
  /** What the tool said, bounded, without paths of the guest. */
  readonly text: string;
}
