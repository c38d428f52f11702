import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const FILE = 'signatures.jsonl';
/** Each call of `sign` that runs at the same time has a chain of its own. */
const CHAINS = 'chains';
const NUMBER = /^[1-9]\d{0,3}$/;
const JOURNAL = 'journal';
const MARK = 'signatures-begun';

/** That of the daemon. */
export const chainIn = (folder: string): string => join(folder, FILE);

/** @param signRoot - what all calls of `sign` share */
export const numberedChainFolder = (signRoot: string, number: number): string =>
  join(signRoot, CHAINS, String(number));

/** What says that a chain has begun: in the journal of the daemon, or in that of all calls of `sign`. */
export function markPathOf(chainPath: string): string {
  const folder = dirname(chainPath);
  const above = dirname(folder);
  return basename(above) === CHAINS
    ? join(dirname(above), JOURNAL, `${MARK}-${basename(folder)}`)
    : join(folder, JOURNAL, MARK);
}

/** Every chain that there may be, or was, in a state directory, the daemon's first. */
export async function chainsOf(stateDir: string): Promise<string[]> {
  const signRoot = join(stateDir, 'sign');
  const prefix = `${MARK}-`;
  const marks = (await namesIn(join(signRoot, JOURNAL))).filter((name) => name.startsWith(prefix));
  const names = [
    ...(await namesIn(join(signRoot, CHAINS))),
    ...marks.map((name) => name.slice(prefix.length)),
  ];
  const numbers = new Set(names.filter((name) => NUMBER.test(name)).map(Number));
  const others = [...numbers]
    .sort((a, b) => a - b)
    .map((number) => chainIn(numberedChainFolder(signRoot, number)));
  return [chainIn(stateDir), ...others];
}

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
