/**
 * Sentences that differ by who reads them. A job of the hub belongs to a project with named credentials; the person
 * who runs `perry-ship sign` or `check` gave flags. Everything else of a sentence is written once, for both.
 */

/** Who reads: the hub's user (and whoever reads the daemon's log), or the person at the terminal. */
export type Audience = 'hub' | 'terminal';

export type Wording = Readonly<Record<Audience, string>>;

/** The same for everybody, or chosen by the reader. */
export type Text = string | Wording;

export const textFor = (text: Text, audience: Audience): string =>
  typeof text === 'string' ? text : text[audience];

/** A sentence around words that differ: ``wording`Set ${words.timestampUrl} to a time-stamp server.` `` */
export function wording(parts: TemplateStringsArray, ...words: readonly (Text | number)[]): Wording {
  const said = (audience: Audience): string =>
    String.raw(
      { raw: parts },
      ...words.map((word) => (typeof word === 'number' ? word : textFor(word, audience))),
    );
  return { hub: said('hub'), terminal: said('terminal') };
}

/** Words in a row: `a, b`. */
export const joinTexts = (texts: readonly Text[], separator: string): Wording => ({
  hub: texts.map((text) => textFor(text, 'hub')).join(separator),
  terminal: texts.map((text) => textFor(text, 'terminal')).join(separator),
});

/** What went wrong, the fact that was seen, the one action that fixes it: a sentence each. */
export interface Sentences<T = string> {
  readonly summary: T;
  readonly reason: T;
  readonly nextStep: T;
}

/** Sentences as the hub's user reads them, and those that the person at the terminal reads instead. */
export interface Said extends Sentences {
  readonly terminal?: Partial<Sentences>;
}

export function say(sentences: Sentences<Text>): Said {
  const { summary, reason, nextStep } = sentences;
  const differing = Object.entries({ summary, reason, nextStep }).filter(
    ([, text]) => textFor(text, 'hub') !== textFor(text, 'terminal'),
  );
  return {
    summary: textFor(summary, 'hub'),
    reason: textFor(reason, 'hub').trim(),
    nextStep: textFor(nextStep, 'hub'),
    ...(differing.length > 0 && {
      terminal: Object.fromEntries(differing.map(([name, text]) => [name, textFor(text, 'terminal').trim()])),
    }),
  };
}

/** The other way round: sentences to which something is to be added. */
export const textsOf = ({ terminal, ...hub }: Said): Sentences<Wording> => ({
  summary: { hub: hub.summary, terminal: terminal?.summary ?? hub.summary },
  reason: { hub: hub.reason, terminal: terminal?.reason ?? hub.reason },
  nextStep: { hub: hub.nextStep, terminal: terminal?.nextStep ?? hub.nextStep },
});

/** A failure or finding with the sentences of one reader alone. */
export function forAudience<T extends Said>(said: T, audience: Audience): Omit<T, 'terminal'> {
  const { terminal, ...rest } = said;
  return audience === 'terminal' ? { ...rest, ...terminal } : rest;
}

/** Goes into a sentence of what to do when nothing else helps. */
export const SEND_THE_LOG: Wording = {
  hub: 'send the log of this run to the maintainers',
  terminal: 'send the log that PERRY_LOG_LEVEL=debug shows to the maintainers',
};

export const TRY_AGAIN_OR_REPORT = wording`Try again; if it fails again, ${SEND_THE_LOG}.`;

export const TRY_AGAIN_OR_LOOK: Wording = {
  hub: 'Try again; if it fails again, the operator of the worker should look at its log.',
  terminal: 'Try again; if it fails again, look at the log that PERRY_LOG_LEVEL=debug shows.',
};
