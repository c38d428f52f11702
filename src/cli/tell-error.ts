import { renderFailure, toFailure } from '../../machines/contracts/failure.ts';
import { ShipError } from '../errors.ts';

/** An error for a person: its code and three sentences, never a stack; defects keep theirs behind a variable. */
export function tellError(error: unknown): void {
  if (error instanceof ShipError) {
    console.error(`perry-ship: ${error.code}: ${error.message}`);
    return;
  }
  console.error(`perry-ship: ${renderFailure(toFailure(error))}`);
  if (error instanceof Error)
    console.error(process.env.PERRY_LOG_LEVEL === 'debug' ? error.stack : error.message);
}
