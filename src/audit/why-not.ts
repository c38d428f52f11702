export const isLate = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException | null)?.code ?? (error instanceof Error ? error.name : 'an error');

/** What is no file at all is refused by us, what takes too long given up, everything else refused by the system. */
export function whyNot(error: unknown): string {
  if (isLate(error)) return 'its disk did not answer in time';
  return codeOf(error) === 'ENOTSUP' ? 'it is no regular file' : `the system said ${codeOf(error)}`;
}
