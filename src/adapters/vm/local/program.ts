import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ShipError } from '../../../errors.ts';

const BUILT = join('dist', 'src', 'adapters', 'vm', 'local', 'guest-main.js');

/** The guest program as JavaScript: beside this file when it is built, in `dist` when it runs from its sources. */
export function guestProgram(): string {
  const here = fileURLToPath(import.meta.url);
  const program = here.endsWith('.js')
    ? join(dirname(here), 'guest-main.js')
    : join(packageRoot(dirname(here)), BUILT);
  if (!existsSync(program)) throw notBuilt(program);
  return program;
}

const packageRoot = (folder: string): string =>
  existsSync(join(folder, 'package.json')) || dirname(folder) === folder
    ? folder
    : packageRoot(dirname(folder));

const notBuilt = (program: string): ShipError =>
  new ShipError('VM_START_FAILED', {
    summary: 'The local guest could not be started.',
    reason: 'Its program has not been built.',
    nextStep: 'Run "npm run build" in the folder of perry-ship.',
    detail: { program },
  });
