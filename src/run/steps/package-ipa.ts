import { join } from 'node:path';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import type { TreeEntry } from '../../files/disk/tree.ts';
import type { IpaInTheMaking } from '../ipa-in-the-making.ts';
import { held } from '../workbench.ts';
import { begunIpa, listedTree, PIECES_AHEAD } from './early-ipa.ts';
import type { GuestStepScope } from './step.ts';

/**
 * The .ipa is made on the host: what was packed while the guest signed, then what came back, and last, unchanged, what
 * lies beside the app in the archive that came.
 */
export async function packIpa(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { desk } = scope;
  const now = await listedTree(desk);
  const ipa = await begunIpa(desk, path, now);
  const rest = now.tree.filter((entry) => !ipa.packed.has(entry.path));
  await ipa.file.append(readAhead(finished(scope, ipa, rest), PIECES_AHEAD));
  return ipa.file.digest();
}

async function* finished(
  { desk, signal, report }: GuestStepScope,
  { writer }: IpaInTheMaking,
  rest: readonly TreeEntry[],
): AsyncGenerator<Buffer> {
  const onProgress = (doneBytes: number, totalBytes: number) =>
    report.progress((doneBytes / Math.max(1, totalBytes)) * 90);
  yield* writer.pack(rest, { signal, onProgress });
  const { archiveDir, companions } = held(desk, 'found');
  for (const name of companions) yield* writer.packBeside(join(archiveDir, name), { signal });
  yield* writer.end();
}
