import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../src/cache-folder.ts';

/** Where `test/setup/in-toto.mjs` puts the package of the in-toto project; it says why when it is not there. */
const packages = join(cacheFolder(process.env), 'in-toto', '0.9.3');
const judge = fileURLToPath(new URL('./in-toto-judge.py', import.meta.url));

const run = (input: string) =>
  spawnSync('python3', [judge], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });

export const hasInToto = run('').status === 0;

/**
 * @param statements - one a line
 * @returns what in-toto's own package has against them; nothing when all is well
 */
export function faultsOfStatements(statements: string): string {
  const { status, stderr } = run(statements);
  return status === 0 ? '' : stderr.trim() || `exit code ${status}`;
}
