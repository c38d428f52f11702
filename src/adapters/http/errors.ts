import { ShipError } from '../../errors.ts';

const MAX_CAUSES = 4;

/** The code of an error, or of what a library wrapped, a few levels down; empty when there is none. */
export function errorCodeOf(error: unknown, depth = MAX_CAUSES): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined || depth === 0 ? '' : errorCodeOf(cause, depth - 1);
}

/** Our own error in what ended a request: undici passes that of a body on as it is, or as the cause of its own. */
export function ownError(error: unknown): ShipError | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return [error, cause].find((fault): fault is ShipError => fault instanceof ShipError);
}
