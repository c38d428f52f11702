import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { IMAGE_FACTS_FILE, imageFactWord } from '../../../domain/golden-image.ts';
import { readBoundedText } from '../../../files/disk/bounded-file.ts';
import { machineFolder } from './home.ts';

/** An address in a registry, or the name of a machine, which Tart lets have blanks: nothing that steers a terminal. */
const base = z.string().regex(/^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]{1,500}$/u);

/**
 * What an image is made of. It lies in the folder of its machine, where Tart 2.32.1 leaves it alone: it goes along when the
 * machine is renamed or deleted, and no clone has it.
 */
const schema = z.strictObject({
  format: z.literal(1),
  driver: z.literal('tart'),
  /** ISO 8601. */
  builtAt: z.iso.datetime(),
  /** Version of perry-ship that built it. */
  builtBy: imageFactWord,
  /** As given with `--from`. */
  base,
  /** Version of macOS. */
  osVersion: imageFactWord,
  rcodesign: z.strictObject({ version: imageFactWord, sha256Hex: z.string().regex(/^[0-9a-f]{64}$/) }),
  hasXcode: z.boolean(),
  takesPassword: z.boolean(),
  hostKeyFingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/),
});

export type TartImageRecord = z.infer<typeof schema>;

const MAX_BYTES = 64 * 1024;

export const writeRecord = (home: string, name: string, record: TartImageRecord): Promise<void> =>
  writeFile(join(machineFolder(home, name), IMAGE_FACTS_FILE), `${JSON.stringify(record, null, 2)}\n`);

/** `undefined` for a machine that is no image of ours, or whose record cannot be read. */
export async function readRecord(home: string, name: string): Promise<TartImageRecord | undefined> {
  const path = join(machineFolder(home, name), IMAGE_FACTS_FILE);
  try {
    const read = await readBoundedText(path, MAX_BYTES);
    return 'unread' in read ? undefined : schema.parse(JSON.parse(read.text));
  } catch {
    return undefined;
  }
}
