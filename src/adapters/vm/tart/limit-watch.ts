import type { ShipError } from '../../../errors.ts';
import type { Note } from '../driver.ts';
import { slotsLeaked } from './failures.ts';

/** So often in a row, with none of our machines alive, is no coincidence any more. */
const ALARM_AFTER = 3;

/** Counts the machines that macOS refused though none of ours was running; each tries more than once. */
export interface LimitWatch {
  /** `refusal` is what the run gets to hear; an alarm takes its place when it is due. */
  refused(name: string, otherMachines: number, refusal: ShipError): ShipError;
  /** A machine has started. */
  started(): void;
}

export function createLimitWatch(note: Note): LimitWatch {
  const inARow = new Set<string>();
  return {
    started: () => inARow.clear(),
    refused: (name, otherMachines, refusal) => {
      if (otherMachines > 0) inARow.clear();
      else if (!inARow.has(name)) {
        inARow.add(name);
        if (inARow.size >= ALARM_AFTER)
          note('error', `ALARM: ${slotsLeaked(name, inARow.size).message}`, {
            vm: name,
            inARow: inARow.size,
          });
      }
      return inARow.size < ALARM_AFTER ? refusal : slotsLeaked(name, inARow.size);
    },
  };
}
