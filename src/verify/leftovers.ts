import type { BundleTree } from '../files/code-signature/bundle-tree.ts';
import { withSignedFile } from '../files/code-signature/signed-file.ts';
import { looksLikeTicket, TICKET_MAGIC_BYTES } from '../formats/code-signature/ticket.ts';

/** One line for each; the rest is counted. */
const MAX_NAMED = 10;
/** Where a ticket is stapled to a bundle, nested ones included. */
const TICKET_PLACE = /(?:^|\/)Contents\/CodeResources$/;

/** What lies in a bundle unsealed although its seal holds, and is not what it should be. */
export async function leftoverWarnings(tree: BundleTree): Promise<string[]> {
  return [...specialFiles(tree.special), ...(await unknownTickets(tree))];
}

export const unknownTicket = (place: string): string =>
  `${place} is where a notarization ticket belongs, and holds something else.`;

function specialFiles(paths: readonly string[]): string[] {
  const named = paths
    .slice(0, MAX_NAMED)
    .map((path) => `"${path}" is a pipe, socket or device: the signature does not cover it.`);
  const more = paths.length - named.length;
  return more > 0 ? [...named, `${more} more pipes, sockets and devices lie in the bundle.`] : named;
}

async function unknownTickets(tree: BundleTree): Promise<string[]> {
  const warnings: string[] = [];
  for (const { path, type, sizeBytes } of tree.entries) {
    if (type !== 'file' || !TICKET_PLACE.test(path)) continue;
    const length = Math.min(sizeBytes, TICKET_MAGIC_BYTES);
    const head = await withSignedFile(tree.absolute(path), (file) => file.read(0, length));
    if (!looksLikeTicket(head)) warnings.push(unknownTicket(`"${path}"`));
  }
  return warnings;
}
