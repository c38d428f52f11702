import { basename } from 'node:path/posix';

/**
 * Replaces the path of the guest, and the home before a relative one, by the last name in it; in one pass over the
 * text, whatever the guest wrote around it.
 */
export const cutPath = (remotePath: string): ((text: string) => string) => {
  const name = basename(remotePath);
  const cut = (text: string): string => text.replaceAll(remotePath, () => name);
  return remotePath.startsWith('/') ? cut : (text) => cut(cutHomes(text, remotePath, name));
};

function cutHomes(text: string, remotePath: string, name: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf(`/${remotePath}`); at >= 0; at = text.indexOf(`/${remotePath}`, from)) {
    pieces.push(text.slice(from, startOfHome(text, from, at)), name);
    from = at + 1 + remotePath.length;
  }
  return [...pieces, text.slice(from)].join('');
}

/** The first slash of the word that leads to `at`: tools print paths between blanks and colons. */
function startOfHome(text: string, from: number, at: number): number {
  let start = at;
  for (let index = at; index >= from && !/[\s:]/.test(text.charAt(index)); index -= 1)
    if (text.charAt(index) === '/') start = index;
  return start;
}
