import { readCompanion } from '../../files/archive/beside-app.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import type { TreeEntry } from '../../files/disk/tree.ts';
import type { PartialIpa } from '../partial-ipa.ts';
import { need } from '../run-results.ts';
import { listedTree } from './packed-resources.ts';
import { begunIpa, PIECES_AHEAD } from './partial-ipa.ts';
import type { GuestStepScope } from './step.ts';

/**
 * The .ipa is made on the host: what was packed while the guest signed, then what came back, and last, unchanged, what
 * the App Store wants beside the app of the archive that came.
 */
export async function packIpa(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { results } = scope;
  const now = await listedTree(results);
  const ipa = await begunIpa(results, path, now);
  const rest = now.tree.filter((entry) => !ipa.packed.has(entry.path));
  await ipa.file.append(readAhead(finished(scope, ipa, rest), PIECES_AHEAD));
  return ipa.file.digest();
}

async function* finished(
  { results, signal, report }: GuestStepScope,
  { writer }: PartialIpa,
  rest: readonly TreeEntry[],
): AsyncGenerator<Buffer> {
  const onProgress = (doneBytes: number, totalBytes: number) =>
    report.progress((doneBytes / Math.max(1, totalBytes)) * 90);
  yield* writer.pack(rest, { signal, onProgress });
  const { archiveDir, companions } = need(results, 'found');
  for (const name of companions) {
    const { dir, taken } = await readCompanion(archiveDir, name);
    if (taken.length > 0) yield* writer.packBeside(dir, taken, { signal });
  }
  yield* writer.end();
}
