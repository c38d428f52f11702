import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeWhole } from '../journal/records.ts';
import { type Place, versionSchema } from './place.ts';

/** What an upgrade that is killed leaves for the next one; written before anything is changed. */
const noteSchema = z.object({
  from: versionSchema,
  to: versionSchema,
  stateDir: z.string().min(1).max(4_096),
  /** Null: the daemon is not to be started by a service manager. */
  service: z.enum(['user', 'system']).nullable(),
  wasOnline: z.boolean(),
});
export type UpgradeNote = z.output<typeof noteSchema>;

const pathIn = ({ staging }: Place): string => join(staging, 'note.json');

export const writeNote = (place: Place, note: UpgradeNote): Promise<void> =>
  writeWhole(pathIn(place), `${JSON.stringify(note)}\n`, `${pathIn(place)}.draft`);

/** One that cannot be read was written by nobody: it is written whole. */
export async function readNote(place: Place): Promise<UpgradeNote | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(pathIn(place), 'utf8')));
  } catch {
    return undefined;
  }
}
