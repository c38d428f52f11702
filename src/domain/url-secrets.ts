/** Whether an address has a user name or a password before its host. False for what is no address. */
export function hasLogin(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username !== '' || password !== '';
}

/** Shorter values of a query are words and numbers, such as a region; a token is longer. */
const MIN_TOKEN_CHARACTERS = 8;

/** What of an address nobody should read in a log: its password, and what may be a token in its query. */
export function secretsIn(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password, searchParams } = new URL(address);
  const tokens = [...searchParams.values()].filter(({ length }) => length >= MIN_TOKEN_CHARACTERS);
  return [password, decoded(password), ...tokens].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
