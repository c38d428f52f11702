import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { textFor } from '../../../machines/contracts/wording.ts';
import { artifactName } from '../../domain/plan.ts';
import { readCompanion } from '../../files/archive/beside-app.ts';
import type { FoundBundle } from '../../files/archive/find-bundle.ts';
import { shown } from '../../files/archive/refusals.ts';
import { IpaWriter } from '../../files/archive/write-ipa.ts';
import { writeDigested } from '../../files/disk/digested-file.ts';
import { listTree } from '../../files/disk/tree.ts';
import { words } from '../../words.ts';
import { type MadeArtifact, need, type RunResults } from '../run-results.ts';
import type { StepScope } from './step.ts';

const MAX_NAMED = 5;

/** Says what becomes of everything that lies beside the app, where it is not plain. */
export async function tellOfBeside(scope: StepScope, found: FoundBundle): Promise<void> {
  const { results, services, report } = scope;
  const { archiveDir, companions, debugSymbols, unused } = found;
  const isWanted = need(results, 'manifest').debugSymbols === true;
  if (debugSymbols.length > 0 && !isWanted)
    report.log(
      `Debug symbols came with the app and are not delivered; ${textFor(words.askForSymbols, services.audience)}.`,
    );
  if (debugSymbols.length === 0 && isWanted) report.log('No debug symbols (dSYMs) came with the app.');
  const left = (await Promise.all(companions.map((name) => readCompanion(archiveDir, name)))).flatMap(
    (companion) => companion.left,
  );
  if (unused.length > 0) report.log(`Beside the app lies what is not used: ${listed(unused)}.`);
  if (left.length > 0) report.log(`Left out, because the App Store wants no such file: ${listed(left)}.`);
}

function listed(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return `${names.slice(0, MAX_NAMED).map(shown).join(', ')}${more}`;
}

/** The debug symbols that came with the app, as one zip, where they are asked for. */
export async function debugSymbolsOf({ results, signal }: StepScope): Promise<MadeArtifact | undefined> {
  const manifest = need(results, 'manifest');
  if (manifest.debugSymbols !== true || need(results, 'found').debugSymbols.length === 0) return undefined;
  if (results.debugSymbols) return results.debugSymbols;
  const name = artifactName(manifest, results.jobId, 'dSYMs.zip');
  const path = join(results.dir, name);
  await rm(path, { force: true });
  results.debugSymbols = { name, path, ...(await writeDigested(path, zipped(results, signal))) };
  return results.debugSymbols;
}

/** Plain files alone: a debugger follows no link, and neither does anybody else. */
async function* zipped(results: RunResults, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { archiveDir, debugSymbols } = need(results, 'found');
  const writer = new IpaWriter({ appDir: '', appFolderName: '', root: '', sourceDate: new Date() });
  for (const name of debugSymbols) {
    const dir = join(archiveDir, name);
    const entries = (await listTree(dir)).filter(({ type }) => type !== 'symlink');
    yield* writer.packBeside(dir, entries, { signal });
  }
  yield* writer.end();
}
