import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';

/** Where npm has installed this program for all users of a prefix, and what lies beside it during an upgrade. */
export interface Place {
  /** `PREFIX/lib/node_modules`. */
  readonly modules: string;
  /** The program that is started. */
  readonly current: string;
  /** The one of before; it stays until the next upgrade. */
  readonly previous: string;
  /** Of this upgrade: its note, its lock, and a prefix of its own. */
  readonly staging: string;
  /** A prefix that npm installs the new version into, whole with its dependencies. */
  readonly stagingPrefix: string;
  readonly staged: string;
}

/** How this program came to be where it is. */
export type Installation =
  | { readonly kind: 'npm'; readonly place: Place }
  /** `checkout`: its sources; `dependency`: of another project, or by another program than npm; `copy`: anything else. */
  | { readonly kind: 'checkout' | 'dependency' | 'copy'; readonly root: string };

const NAME = 'perry-ship';
// npm looks at no folder whose name begins with a dot; with another name, "npm update --global" asks for it and fails
const PREVIOUS = `.${NAME}-previous`;
const STAGING = `.${NAME}-upgrade`;

/** @param root - the folder with our package.json, as it really lies: what is linked by npm is a checkout */
export function installationAt(root: string): Installation {
  if (existsSync(join(root, '.git'))) return { kind: 'checkout', root };
  const modules = dirname(root);
  if (basename(modules) !== 'node_modules') return { kind: 'copy', root };
  const isGlobal = basename(dirname(modules)) === 'lib' && [NAME, PREVIOUS].includes(basename(root));
  return isGlobal ? { kind: 'npm', place: placeIn(modules) } : { kind: 'dependency', root };
}

function placeIn(modules: string): Place {
  const staging = join(modules, STAGING);
  const stagingPrefix = join(staging, 'prefix');
  return {
    modules,
    current: join(modules, NAME),
    previous: join(modules, PREVIOUS),
    staging,
    stagingPrefix,
    staged: join(stagingPrefix, 'lib', 'node_modules', NAME),
  };
}

export const programIn = (root: string): string => join(root, 'dist', 'src', 'cli', 'perry-ship.js');

/** As npm has it, and nothing else. */
export const versionSchema = z.string().regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,64})?$/);
const manifestSchema = z.object({ name: z.literal(NAME), version: versionSchema });
const MAX_MANIFEST_BYTES = 1_000_000;

/** @returns `undefined` where no whole program of ours lies */
export function versionIn(root: string): string | undefined {
  const manifest = join(root, 'package.json');
  try {
    if (!existsSync(programIn(root)) || statSync(manifest).size > MAX_MANIFEST_BYTES) return undefined;
    return manifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
  } catch {
    return undefined;
  }
}

/** Whether one version follows another; what comes behind a dash counts as before its release. */
export function isNewer(version: string, than: string): boolean {
  const [a, b] = [partsOf(version), partsOf(than)];
  for (const [index, part] of a.entries()) {
    const other = b[index] ?? 0;
    if (part !== other) return part > other;
  }
  return false;
}

function partsOf(version: string): number[] {
  const [numbers = '', suffix] = version.split('-', 2);
  return [...numbers.split('.').map(Number), suffix === undefined ? 1 : 0];
}
