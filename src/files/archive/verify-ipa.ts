import { stat } from 'node:fs/promises';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { policePath } from './entry-path.ts';
import { defaultUnpackLimits } from './limits.ts';
import { policeLinks, policeTarget, type SymbolicLink } from './link-policy.ts';
import { PathRegistry } from './path-registry.ts';
import { refuseCorrupt, shown } from './refusals.ts';
import { UnpackBudget } from './unpack-budget.ts';
import { readZip } from './zip-reader.ts';

export interface IpaEntry {
  /** Without the slash behind a folder. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly executable: boolean;
  readonly sizeBytes: number;
  readonly linkTarget?: string;
}

export interface VerifiedIpa {
  readonly appFolderName: string;
  readonly entries: readonly IpaEntry[];
}

export interface VerifyIpaOptions {
  readonly signal: AbortSignal;
  /** That the app lies in, with a slash; empty for a plain zip of the app. */
  readonly folder?: string;
  /** Bytes of every file that must lie outside of that folder, by path; left out, anything may. */
  readonly beside?: ReadonlyMap<string, number>;
}

/**
 * Reads a whole .ipa, or a zip of an app, as a stranger would: every checksum, every name and link by the rules for
 * bundles that come in, and exactly one `<name>.app`.
 *
 * @throws ShipError IPA_INVALID with what was found · the signal's reason
 */
export async function verifyIpa(
  path: string,
  { signal, folder = 'Payload/', beside }: VerifyIpaOptions,
): Promise<VerifiedIpa> {
  try {
    const entries = await readEntries(path, signal);
    if (beside) requireBeside(entries, folder, beside);
    return { appFolderName: onlyApp(entries, folder), entries };
  } catch (error) {
    if (!(error instanceof ShipError) || error.code === 'IPA_INVALID') throw error;
    throw invalid(error.failure.reason, error);
  }
}

async function readEntries(path: string, signal: AbortSignal): Promise<IpaEntry[]> {
  const archiveBytes = (await stat(path)).size;
  const budget = new UnpackBudget({ ...defaultUnpackLimits, maxRatio: Number.POSITIVE_INFINITY });
  const onCorrupt = (reason: string, cause?: unknown) =>
    refuseCorrupt({ origin: 'file', archiveBytes }, reason, cause);
  const onSize = (bytes: number) => budget.spendUnpackedBytes(bytes);
  const inspection = new Inspection();
  for await (const entry of readZip(path, { signal, onCorrupt, onSize })) {
    budget.spendEntries(1);
    budget.spendPathBytes(entry.name.length + (entry.linkTarget?.length ?? 0));
    await inspection.add(entry);
  }
  await policeLinks(inspection.links);
  return inspection.entries;
}

class Inspection {
  readonly entries: IpaEntry[] = [];
  readonly links: SymbolicLink[] = [];
  private readonly registry = new PathRegistry();

  async add(entry: ArchiveEntry): Promise<void> {
    const path = policePath(entry.name, entry.kind, defaultUnpackLimits);
    this.registry.claim(path, entry.kind);
    if (entry.kind === 'file') for await (const _ of entry.content());
    const { kind: type, executable, sizeBytes, linkTarget } = entry;
    this.entries.push({ path, type, executable, sizeBytes, ...(linkTarget !== undefined && { linkTarget }) });
    if (linkTarget !== undefined) this.keepLink({ path, target: linkTarget });
  }

  private keepLink(link: SymbolicLink): void {
    policeTarget(link, defaultUnpackLimits.maxPathBytes);
    this.links.push(link);
  }
}

/** Neither more nor less than what came, each with its size. */
function requireBeside(
  entries: readonly IpaEntry[],
  folder: string,
  beside: ReadonlyMap<string, number>,
): void {
  const outside = entries.filter(({ path, type }) => type !== 'directory' && !path.startsWith(folder));
  const strange = outside.find(
    ({ path, type, sizeBytes }) => type !== 'file' || beside.get(path) !== sizeBytes,
  );
  if (strange) throw invalid(`Beside the app lies ${shown(strange.path)}, which is not what came with it.`);
  if (outside.length !== beside.size)
    throw invalid(`Beside the app lie ${outside.length} files in the place of ${beside.size}.`);
}

function onlyApp(entries: readonly IpaEntry[], folder: string): string {
  const inside = entries.filter(({ path }) => path.startsWith(folder));
  const names = new Set(inside.map(({ path }) => path.slice(folder.length).split('/')[0] ?? ''));
  const [name, ...others] = names;
  const where = folder === '' ? 'It' : folder.slice(0, -1);
  if (name === undefined || others.length > 0 || !name.endsWith('.app'))
    throw invalid(`${where} holds ${names.size === 0 ? 'nothing' : [...names].slice(0, 4).join(', ')}.`);
  if (inside.some(({ path, type }) => path === `${folder}${name}` && type !== 'directory'))
    throw invalid(`${folder}${name} is not a folder.`);
  return name;
}

const invalid = (reason: string, cause?: unknown): ShipError =>
  new ShipError('IPA_INVALID', {
    summary: 'The finished archive is not one that an app can be installed from.',
    reason,
    nextStep: TRY_AGAIN_OR_REPORT,
    ...(cause === undefined ? {} : { cause }),
  });
