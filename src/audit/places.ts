import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'signatures.jsonl';
/** Each call of `sign` that runs at the same time has a chain of its own. */
const CHAINS = 'chains';
const NUMBER = /^[1-9]\d{0,3}$/;

/** That of the daemon. */
export const chainIn = (folder: string): string => join(folder, FILE);

/** @param signRoot - what all calls of `sign` share */
export const numberedChainFolder = (signRoot: string, number: number): string =>
  join(signRoot, CHAINS, String(number));

/** Every chain that there may be in a state directory, the daemon's first. */
export async function chainsOf(stateDir: string): Promise<string[]> {
  const signRoot = join(stateDir, 'sign');
  const names = await readdir(join(signRoot, CHAINS)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const numbers = names.filter((name) => NUMBER.test(name)).map(Number);
  const others = numbers
    .sort((a, b) => a - b)
    .map((number) => chainIn(numberedChainFolder(signRoot, number)));
  return [chainIn(stateDir), ...others];
}
