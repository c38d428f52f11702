import type { ShipError } from '../../../errors.ts';
import { slotsLeaked } from './failures.ts';
import type { Note } from './options.ts';

/** So often in a row, with none of our machines alive, is no coincidence any more. */
const ALARM_AFTER = 3;

/** Counts how often macOS refused a machine though none of ours was running. */
export interface LimitWatch {
  /** `refusal` is what the run gets to hear; an alarm takes its place when it is due. */
  refused(name: string, otherMachines: number, refusal: ShipError): ShipError;
  /** A machine has started. */
  started(): void;
}

export function createLimitWatch(note: Note): LimitWatch {
  let inARow = 0;
  return {
    started: () => {
      inARow = 0;
    },
    refused: (name, otherMachines, refusal) => {
      inARow = otherMachines === 0 ? inARow + 1 : 0;
      if (inARow < ALARM_AFTER) return refusal;
      const alarm = slotsLeaked(name, inARow);
      note('error', `ALARM: ${alarm.message}`, { vm: name, inARow });
      return alarm;
    },
  };
}
