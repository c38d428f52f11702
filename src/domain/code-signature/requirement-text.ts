/**
 * The two claims in a requirement's text that can be checked without the certificate chain. A requirement with
 * "or" or "not" says something else than the sum of its parts and is not judged here.
 *
 * @returns what does not fit, in words; nothing when all fits
 */
export function requirementMismatch(
  requirement: string,
  code: { readonly identifiers: readonly string[]; readonly cdHashes: readonly string[] },
): string | undefined {
  if (/\bnot\b|!/.test(requirement)) return undefined;
  const alternatives = [...requirement.matchAll(/\bcdhash H"([0-9a-fA-F]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  if (alternatives.length > 0 && !alternatives.some((hash) => code.cdHashes.includes(hash.toLowerCase())))
    return 'asks for another code hash';
  if (/\bor\b/.test(requirement)) return undefined;
  const identifier = /\bidentifier (?:"([^"]*)"|([\w.-]+))/.exec(requirement);
  const wanted = identifier?.[1] ?? identifier?.[2];
  if (wanted !== undefined && !code.identifiers.every((known) => known === wanted))
    return `asks for the identifier "${wanted}"`;
  return undefined;
}
