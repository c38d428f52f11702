import { join } from 'node:path';
import * as z from 'zod';
import type { AlarmStanding } from '../../machines/contracts/alarm.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { setAside } from '../files/disk/set-aside.ts';
import { writeWhole } from '../journal/records.ts';
import { alarmNames } from './catalogue.ts';

const MAX_BYTES = 64 * 1024;
const sentence = z.string().max(2_000);
const schema = z.object({
  v: z.literal(1),
  raised: z
    .array(
      z.object({
        alarm: z.enum(alarmNames as [string, ...string[]]),
        sinceMs: z.number().nonnegative(),
        said: z.object({ summary: sentence, reason: sentence, nextStep: sentence }),
      }),
    )
    .max(alarmNames.length),
});

/** What is raised, for the next process; see `alarm` for what that does with it. */
export interface RaisedFile {
  read(): Promise<readonly AlarmStanding[]>;
  /** One after the other. @throws Error of node:fs */
  write(raised: readonly AlarmStanding[]): Promise<void>;
  /** When nothing is being written. */
  settled(): Promise<void>;
}

/**
 * `<stateDir>/alarms.json`. One that cannot be read has nothing, and is moved aside: what is still the case is told again.
 *
 * @param onMoved - told where that is now
 */
export function raisedFileIn(stateDir: string, onMoved: (place: string) => void = () => {}): RaisedFile {
  const path = join(stateDir, 'alarms.json');
  let last: Promise<void> = Promise.resolve();
  let inTheWay: unknown;
  const write = async (raised: readonly AlarmStanding[]) => {
    if (inTheWay !== undefined) throw inTheWay;
    await writeWhole(path, `${JSON.stringify({ v: 1, raised })}\n`, `${path}.draft`);
  };
  return {
    read: async () => {
      const raised = await readRaised(path);
      if (raised !== undefined) return raised;
      try {
        onMoved(setAside(path));
      } catch (error) {
        inTheWay = error;
      }
      return [];
    },
    write: (raised) => {
      const written = last.then(() => write(raised));
      last = written.catch(() => {});
      return written;
    },
    settled: () => last,
  };
}

/** `undefined` for what cannot be read. */
async function readRaised(path: string): Promise<readonly AlarmStanding[] | undefined> {
  try {
    const read = await readBoundedText(path, MAX_BYTES);
    return 'text' in read ? schema.parse(JSON.parse(read.text)).raised : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined;
  }
}
