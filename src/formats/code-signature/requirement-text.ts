/**
 * The two claims in a requirement's text that can be checked without the certificate chain. A requirement with
 * "or" or "not" says something else than the sum of its parts and is not judged here.
 *
 * @returns what does not fit, in words; nothing when all fits
 * @see https://developer.apple.com/library/archive/documentation/Security/Conceptual/CodeSigningGuide/RequirementLang/RequirementLang.html
 */
export function requirementMismatch(
  requirement: string,
  code: { readonly identifiers: readonly string[]; readonly cdHashes: readonly string[] },
): string | undefined {
  const tokens = tokensOf(requirement);
  if (hasWord(tokens, 'not') || hasWord(tokens, '!')) return undefined;
  const hashes = valuesAfter(tokens, 'cdhash').map((hash) => hash.toLowerCase());
  if (hashes.length > 0 && !hashes.some((hash) => code.cdHashes.includes(hash)))
    return 'asks for another code hash';
  if (hasWord(tokens, 'or')) return undefined;
  const [wanted] = valuesAfter(tokens, 'identifier');
  if (wanted !== undefined && !code.identifiers.every((known) => known === wanted))
    return `asks for the identifier "${wanted}"`;
  return undefined;
}

interface Token {
  readonly text: string;
  /** A quoted text is never a word of the language, whatever it says. */
  readonly isQuoted: boolean;
}

/** A hash (`H"…"`), a quoted text in which a backslash takes the next character as it is, a word, or one sign. */
const TOKEN = /H"(?<hash>[0-9a-fA-F]*)"|"(?<quoted>(?:[^"\\]|\\.)*)(?:"|\\?$)|(?<word>[\w.-]+)|(?<sign>\S)/gs;

const tokensOf = (requirement: string): Token[] =>
  [...requirement.matchAll(TOKEN)].map(({ groups = {} }) => {
    const { hash, quoted, word, sign } = groups;
    if (quoted !== undefined) return { text: quoted.replace(/\\(.)/gs, '$1'), isQuoted: true };
    return hash === undefined
      ? { text: word ?? sign ?? '', isQuoted: false }
      : { text: hash, isQuoted: true };
  });

const hasWord = (tokens: readonly Token[], word: string): boolean =>
  tokens.some(({ text, isQuoted }) => !isQuoted && text === word);

const valuesAfter = (tokens: readonly Token[], word: string): string[] =>
  tokens.flatMap(({ text, isQuoted }, index) =>
    !isQuoted && text === word ? (tokens[index + 1]?.text ?? []) : [],
  );
