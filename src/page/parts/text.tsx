import { plain } from '../words/format.ts';

/** A text of somebody else: its direction does not reach beyond it, and nothing in it is unseen. */
export const Foreign = ({ text, max }: { text: string; max?: number }) => <bdi>{plain(text, max)}</bdi>;

/** A name or an id, in a form that is easy to compare. */
export const Code = ({ text }: { text: string }) => (
  <code>
    <Foreign text={text} />
  </code>
);
