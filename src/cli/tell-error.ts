import { type Failure, renderFailure, toFailure } from '../../machines/contracts/failure.ts';
import { forAudience } from '../../machines/contracts/wording.ts';
import { ShipError } from '../errors.ts';
import { withSourceLines } from '../observability/source-lines.ts';
import { exitCodeOf } from './exit-codes.ts';
import { jsonText } from './print-json.ts';

/** An error for the person at the terminal: its code and three sentences, never a stack. */
export function tellError(error: unknown): void {
  tellFailure(toFailure(error));
  if (error instanceof Error && !(error instanceof ShipError))
    console.error(
      process.env.PERRY_LOG_LEVEL === 'debug' ? withSourceLines(error.stack ?? '') : error.message,
    );
}

export function tellFailure(failure: Failure): void {
  console.error(`perry-ship: ${failure.code}: ${renderFailure(failure, 'terminal')}`);
}

/** Ends a command: the text for a person on stderr, with `--json` the same as data on stdout. */
export function endWith(error: unknown, { json = false }: { readonly json?: boolean }): void {
  if (json) process.stdout.write(failureAsJson(toFailure(error)));
  tellError(error);
  process.exitCode = exitCodeOf(error);
}

export const failureAsJson = (failure: Failure): string =>
  `${jsonText({ ok: false, error: forAudience(failure, 'terminal') })}\n`;
