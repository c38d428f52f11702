import { basename } from 'node:path';

export const isLate = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException | null)?.code ?? (error instanceof Error ? error.name : 'an error');

/** Something else is in its place: a link, a pipe, a folder. */
export const isNoFile = (error: unknown): boolean => ['ENOTSUP', 'ELOOP'].includes(codeOf(error));

/** What is no file at all is refused by us, what takes too long given up, everything else refused by the system. */
export function whyNot(error: unknown): string {
  if (isLate(error)) return 'its disk did not answer in time';
  if (isNoFile(error)) return 'it is no regular file';
  return `the system said ${codeOf(error)}${besideIt(error)}`;
}

/** Of its head, its mark, or a folder; nothing of the file itself. */
function besideIt(error: unknown): string {
  const { path, dest = path } = (error ?? {}) as { readonly path?: string; readonly dest?: string };
  const name = dest === undefined ? 'signatures.jsonl' : basename(dest);
  return name === 'signatures.jsonl' ? '' : ` of ${name}`;
}
