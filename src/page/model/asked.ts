/** What was asked for; what came before stays while it is asked for again. */
export type Asked<Answer> =
  | { readonly phase: 'asking' }
  /** Nobody has answered: nothing is known. */
  | { readonly phase: 'failed' }
  /** There is nothing of that name. */
  | { readonly phase: 'missing' }
  /** `isOld`: it was asked for again, and nobody has answered. */
  | { readonly phase: 'here'; readonly answer: Answer; readonly isOld: boolean };

/** What is known after something was asked for once more. */
export const afterAsking = <Answer>(before: Asked<Answer>, said: Asked<Answer>): Asked<Answer> =>
  said.phase === 'failed' && before.phase === 'here' ? { ...before, isOld: true } : said;
