import { join } from 'node:path';
import * as z from 'zod';
import type { AlarmStanding } from '../../machines/contracts/alarm.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
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

/** `<stateDir>/alarms.json`. One that cannot be read has nothing: what is still the case is told again. */
export function raisedFileIn(stateDir: string): RaisedFile {
  const path = join(stateDir, 'alarms.json');
  let last: Promise<void> = Promise.resolve();
  const write = (raised: readonly AlarmStanding[]) =>
    writeWhole(path, `${JSON.stringify({ v: 1, raised })}\n`, `${path}.draft`);
  return {
    read: async () => {
      const read = await readBoundedText(path, MAX_BYTES).catch(() => undefined);
      return read && 'text' in read ? parsed(read.text) : [];
    },
    write: (raised) => {
      const written = last.then(() => write(raised));
      last = written.catch(() => {});
      return written;
    },
    settled: () => last,
  };
}

function parsed(text: string): readonly AlarmStanding[] {
  try {
    const { data } = schema.safeParse(JSON.parse(text));
    return data?.raised ?? [];
  } catch {
    return [];
  }
}
