import { ShipError } from '../errors.ts';
import { plainLine } from '../text.ts';
import type { Place } from './place.ts';

export const refused = (reason: string, nextStep: string, cause?: unknown): ShipError =>
  new ShipError('UPGRADE_REFUSED', {
    summary: 'perry-ship was not upgraded, and nothing was changed.',
    reason,
    nextStep,
    ...(cause !== undefined && { cause }),
  });

export const notPermitted = ({ modules }: Place): ShipError =>
  refused(
    `This user may not write to "${modules}", where npm has installed it.`,
    'For a service of the system run the same command with sudo, and name its folder with --state-dir. A service of a user needs a prefix of that user: "npm config set prefix ~/.npm-global", "npm install --global perry-ship", "perry-ship service install".',
  );

const LINE_CHARACTERS = 200;

/** npm says what is wrong in lines like `npm error 404 Not Found - GET …`; the first of them names a code. */
export function saidByNpm(stderr: string): string {
  const lines = stderr.slice(0, 20_000).split('\n');
  const errors = lines.filter((line) => /^npm (error|ERR!)/.test(line));
  const said = errors
    .slice(0, 2)
    .map((line) => plainLine(line.replace(/^npm (error|ERR!)/, ''), LINE_CHARACTERS));
  return said.filter((line) => line !== '').join('; ') || 'nothing that names a cause';
}
