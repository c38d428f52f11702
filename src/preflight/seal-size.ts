import { MAX_SEAL_BYTES } from '../formats/code-signature/property-list.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/** What rcodesign 0.29.0 writes for a file beside its path: in the older list, and in the present one. */
const OLD_ITEM_BYTES = 64;
const ITEM_BYTES = 122;
const MIB = 1024 * 1024;

/** The seal of a bundle names each of its files. One that cannot be checked afterwards is not made. */
export function sealSizeFindings({ survey }: Context): Finding[] {
  const roots = new Set(survey.nested.map(({ path }) => path));
  const seals = new Map<string, { bytes: number; files: number }>();
  for (const path of survey.files) {
    const root = rootOf(path, roots);
    const seal = seals.get(root) ?? { bytes: 0, files: 0 };
    seals.set(root, { bytes: seal.bytes + itemBytes(path, root), files: seal.files + 1 });
  }
  return [...seals]
    .filter(([, { bytes }]) => bytes > MAX_SEAL_BYTES)
    .map(([root, { files }]) => tooLarge(root, files));
}

/** The innermost bundle that has code and that the file lies in; the app itself is ''. */
function rootOf(path: string, roots: ReadonlySet<string>): string {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end);
    if (roots.has(folder)) return folder;
  }
  return '';
}

/** At least so many; the older list of a macOS bundle has its resources only. */
function itemBytes(path: string, root: string): number {
  const inside = root === '' ? path : path.slice(root.length + 1);
  const sealed = inside.replace(/^Contents\//, '');
  const pathBytes = Buffer.byteLength(sealed);
  const isInOldList = sealed === inside || sealed.startsWith('Resources/');
  return ITEM_BYTES + pathBytes + (isInOldList ? OLD_ITEM_BYTES + pathBytes : 0);
}

const tooLarge = (root: string, files: number): Finding =>
  finding('BUNDLE_TOO_LARGE', 'error', {
    summary: `${root === '' ? 'The app' : JSON.stringify(root.slice(0, 200))} has ${files} files, too many for one seal.`,
    reason: `The seal names every file, and would have more than ${MAX_SEAL_BYTES / MIB} MiB.`,
    nextStep: 'Put resources together into fewer files, such as archives or databases, and build again.',
  });
