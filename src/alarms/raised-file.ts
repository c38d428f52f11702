import { join } from 'node:path';
import * as z from 'zod';
import { MOST_SUBJECTS } from '../../machines/alarm/machine.ts';
import { MOST_WAITING_NOTICES } from '../../machines/alarm-delivery/limits.ts';
import type { AlarmStanding, UndeliveredNotice } from '../../machines/contracts/alarm.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { setAside } from '../files/disk/set-aside.ts';
import { writeWhole } from '../journal/records.ts';
import { alarmNames } from './catalogue.ts';
import { type KeptExpiry, MOST_REMEMBERED } from './expiries.ts';

const MAX_BYTES = 1024 * 1024;
const sentence = z.string().max(2_000);
const standing = z.object({
  alarm: z.enum(alarmNames as [string, ...string[]]),
  sinceMs: z.number().nonnegative(),
  said: z.object({ summary: sentence, reason: sentence, nextStep: sentence }),
  subjects: z.array(sentence).max(MOST_SUBJECTS),
});
const notice = standing.extend({
  event: z.enum(['raised', 'changed', 'over']),
  atMs: z.number().nonnegative(),
  isRepeated: z.boolean(),
});
const channels = ['command', 'webhook'] as const;
const schema = z.object({
  v: z.literal(1),
  raised: z.array(standing).max(alarmNames.length),
  undelivered: z
    .array(z.object({ channel: z.enum(channels), notice }))
    .max(channels.length * (MOST_WAITING_NOTICES + 1))
    .default([]),
  expiring: z
    .array(
      z.object({
        name: z.string().max(300),
        expiresAtMs: z.number(),
        atMs: z.number(),
      }),
    )
    .max(MOST_REMEMBERED)
    .default([]),
});

/** What the next process cannot find out by itself. */
export interface AlarmMemory {
  /** See `alarm` for what becomes of it. */
  readonly raised: readonly AlarmStanding[];
  readonly undelivered: readonly UndeliveredNotice[];
  readonly expiring: readonly KeptExpiry[];
}

const NOTHING: AlarmMemory = { raised: [], undelivered: [], expiring: [] };

export interface RaisedFile {
  read(): Promise<AlarmMemory>;
  /** One after the other; what was to be written last is not written again. @throws Error of node:fs */
  write(memory: AlarmMemory): Promise<void>;
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
  let lastText: string | undefined;
  let inTheWay: unknown;
  const write = async (text: string) => {
    if (inTheWay !== undefined) throw inTheWay;
    await writeWhole(path, text, `${path}.draft`);
  };
  return {
    read: async () => {
      const memory = await readMemory(path);
      if (memory !== undefined) {
        lastText = textOf(memory);
        return memory;
      }
      try {
        onMoved(setAside(path));
      } catch (error) {
        inTheWay = error;
      }
      return NOTHING;
    },
    write: (memory) => {
      const text = textOf(memory);
      if (text === lastText) return last;
      lastText = text;
      const written = last.then(() => write(text));
      last = written.catch(() => {});
      return written;
    },
    settled: () => last,
  };
}

const textOf = ({ raised, undelivered, expiring }: AlarmMemory): string =>
  `${JSON.stringify({ v: 1, raised, undelivered, expiring })}\n`;

/** `undefined` for what cannot be read. */
async function readMemory(path: string): Promise<AlarmMemory | undefined> {
  try {
    const read = await readBoundedText(path, MAX_BYTES);
    return 'text' in read ? schema.parse(JSON.parse(read.text)) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? NOTHING : undefined;
  }
}
