import { existsSync } from 'node:fs';
import { copyFile, lchown, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { copyTree } from '../files/disk/copy-tree.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { removeTree } from '../files/disk/remove-tree.ts';
import { listTree } from '../files/disk/tree.ts';
import { formatOf } from '../journal/state-format.ts';

/** What a newer version may bring into another form; artifacts that are kept are large, and files of others. */
const FILES = ['format.json', 'instance', 'paused'];
const FOLDERS = ['machines', 'uploads', 'submissions'].map((name) => join('journal', name));
const JOURNAL = [join('journal', 'jobs.jsonl')];
const MAX_BYTES = 256 * 1024 * 1024;
const backupIn = (stateDir: string): string => join(stateDir, 'upgrade-backup');

/** Copies it while nobody works on the state directory; the copy stays until the next upgrade. */
export async function backUpState(stateDir: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(stateDir)) return;
  const backup = backupIn(stateDir);
  await removeTree(backup);
  await makeFolder(join(backup, 'journal'), 0o700);
  for (const name of [...FILES, ...JOURNAL].filter((each) => existsSync(join(stateDir, each))))
    await copyFile(join(stateDir, name), join(backup, name));
  let left = MAX_BYTES;
  for (const name of FOLDERS.filter((each) => existsSync(join(stateDir, each)))) {
    const tree = await listTree(join(stateDir, name));
    left -= tree.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (left < 0) throw tooLarge(stateDir);
    await copyTree(join(stateDir, name), join(backup, name), { signal, tree });
  }
}

/**
 * Gives the state the form that it had. Where the new version has not changed the form, what it has written is newer than
 * the copy and good for the old version: it stays.
 *
 * @returns whether anything was changed
 */
export async function restoreState(stateDir: string, signal: AbortSignal): Promise<boolean> {
  const backup = backupIn(stateDir);
  if (!existsSync(join(backup, 'journal')) || !(await wasChanged(stateDir, backup))) return false;
  const draft = `${backup}.draft`;
  await removeTree(draft);
  await copyTree(backup, draft, { signal });
  await giveTo(stateDir, draft);
  await makeFolder(join(stateDir, 'journal'), 0o700);
  // what says the form comes last: a return that is killed begins anew
  for (const name of [...FOLDERS, ...JOURNAL, ...[...FILES].reverse()]) {
    await removeTree(join(stateDir, name));
    if (existsSync(join(draft, name))) await rename(join(draft, name), join(stateDir, name));
  }
  await removeTree(draft);
  return true;
}

async function wasChanged(stateDir: string, backup: string): Promise<boolean> {
  const before = await formatOf(backup).catch(() => undefined);
  const now = await formatOf(stateDir).catch(() => 'unreadable' as const);
  if (now === 'unreadable') return true;
  return (now?.format ?? 1) !== (before?.format ?? 1);
}

/** Root does it for a service of the system, whose user must be able to write there. */
async function giveTo(stateDir: string, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(stateDir);
  for (const { path } of await listTree(folder)) await lchown(join(folder, path), uid, gid);
}

const tooLarge = (stateDir: string): ShipError =>
  new ShipError('UPGRADE_FAILED', {
    summary: `The journal in "${stateDir}" is too large to be copied before the upgrade.`,
    reason: `It takes more than ${MAX_BYTES} bytes, and is made of small files.`,
    nextStep: 'Look what is in the folder "journal" there that is not of perry-ship, and remove it.',
  });
