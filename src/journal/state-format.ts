import { join } from 'node:path';
import * as z from 'zod';
import { ShipError } from '../errors.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { writeWhole } from './records.ts';

/** The form in which this version keeps its state; raised with each change that an older version could not read. */
export const STATE_FORMAT = 1;

/** `migrations[n]` brings a state directory from the form n to n + 1; doing it twice does no harm. */
export type Migration = (stateDir: string) => Promise<void>;
const migrations: Readonly<Record<number, Migration>> = {};

const schema = z.object({
  format: z.number().int().positive(),
  /** The version of perry-ship that wrote it last, for people. */
  writtenBy: z.string().regex(/^[\w.+-]{1,100}$/),
});
type FormatNote = z.output<typeof schema>;

const MAX_NOTE_BYTES = 4_096;
const pathIn = (stateDir: string): string => join(stateDir, 'format.json');

/** What is noted in the directory; the first form was not noted, and neither is one in a new directory. */
export async function formatOf(stateDir: string): Promise<FormatNote | undefined> {
  const path = pathIn(stateDir);
  const read = await readBoundedText(path, MAX_NOTE_BYTES).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw unreadable(stateDir, `It cannot be read (${error.code}).`);
  });
  if (read === undefined) return undefined;
  if ('unread' in read) throw unreadable(stateDir, `It is left unread: ${read.unread}.`);
  return parsed(stateDir, read.text);
}

/**
 * Makes sure that this version can work with what the directory holds, which nobody else uses meanwhile: an older form is
 * brought to ours, one step after the other, each noted when it is done.
 *
 * @throws ShipError STATE_FORMAT_UNKNOWN when a newer version has written it, or the note cannot be read
 */
export async function adoptState(
  stateDir: string,
  version: string,
  { current = STATE_FORMAT, steps = migrations } = {},
): Promise<void> {
  const noted = await formatOf(stateDir);
  const problem = noted && refusal(stateDir, noted, current);
  if (problem) throw problem;
  for (let format = noted?.format ?? 1; format < current; format += 1) {
    await steps[format]?.(stateDir);
    await note(stateDir, { format: format + 1, writtenBy: version });
  }
  if (noted?.format !== current || noted.writtenBy !== version)
    await note(stateDir, { format: current, writtenBy: version });
}

/** `undefined` when this version can work with it. */
export function refusal(
  stateDir: string,
  { format, writtenBy }: FormatNote,
  current = STATE_FORMAT,
): ShipError | undefined {
  if (format <= current) return undefined;
  return new ShipError('STATE_FORMAT_UNKNOWN', {
    summary: `The state directory "${stateDir}" was written by a newer perry-ship (${writtenBy}).`,
    reason: `Its format is ${format}; this version knows formats up to ${current}, and could lose jobs in it.`,
    nextStep: `Install perry-ship ${writtenBy} or newer again, or set PERRY_STATE_DIR to another folder.`,
  });
}

const note = (stateDir: string, value: FormatNote): Promise<void> =>
  writeWhole(pathIn(stateDir), `${JSON.stringify(value)}\n`, `${pathIn(stateDir)}.draft`);

function parsed(stateDir: string, text: string): FormatNote {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw unreadable(stateDir, 'It is not what perry-ship writes there.');
  }
}

const unreadable = (stateDir: string, reason: string): ShipError =>
  new ShipError('STATE_FORMAT_UNKNOWN', {
    summary: `It is not known in which format the state directory "${stateDir}" was written.`,
    reason: `The file format.json there says it. ${reason}`,
    nextStep: `Take the file from a backup. If no newer perry-ship has used this folder, write {"format":${STATE_FORMAT},"writtenBy":"unknown"} into it.`,
  });
