/** How something stands. It is never told by colour alone: each has an icon, and stands beside a word. */
export type Tone = 'good' | 'busy' | 'idle' | 'warn' | 'bad';

/** What a person is told of something. */
export interface Said {
  readonly tone: Tone;
  readonly word: string;
  /** More of it, in a sentence. */
  readonly detail?: string;
  /** What to do about it. */
  readonly nextStep?: string;
}
