import type { UpgradeNote, UpgradePhase } from '../../machines/upgrade/machine.ts';
import type { Installation, Place } from '../upgrade/place.ts';
import type { Upgraded } from '../upgrade/upgrade.ts';

const PHASES: Readonly<Record<UpgradePhase, (note: UpgradeNote) => string>> = {
  surveying: () => 'looking at this host',
  asking: () => 'asking the registry of npm',
  installing: ({ to }) => `installing ${to} beside the program that runs`,
  trying: ({ to }) => `trying whether ${to} starts, and can use the settings and the state`,
  draining: () =>
    'the daemon takes no more jobs and finishes those that run ("perry-ship status" shows them)',
  swapping: ({ to }) => `putting ${to} in place`,
  starting: () => 'starting the daemon, and waiting until it serves',
  returning: ({ from }) =>
    `undoing it: ${from} gets its place, and its daemon runs again as soon as the other one has ended`,
};

/** A line for whoever waits. */
export const phaseText = (note: UpgradeNote): string => PHASES[note.phase](note);

/** What `--yes` would do. */
export function planText(
  { from, to, daemon, pid }: Upgraded,
  { current, previous }: Place,
  stateDir: string,
): string {
  const becomes: Readonly<Record<Upgraded['daemon'], string>> = {
    managed: `process ${pid}, run by the service manager: it finishes its jobs, ends, and is started with ${to}`,
    byHand: `process ${pid}, not run by a service manager: it finishes its jobs and ends; you have to start it again`,
    ended: `drained by an upgrade that was killed: it is started with ${to}`,
    none: 'none runs on that state directory, and none is started',
  };
  return [
    `perry-ship ${from} -> ${to}`,
    `  program   ${current}; that of ${from} stays in ${previous}`,
    `  daemon    ${becomes[daemon]}`,
    `  state     ${stateDir}`,
    'Nothing was changed. The same command with --yes does it.',
  ].join('\n');
}

export function upgradedText({ outcome, from, to, daemon }: Upgraded, { previous }: Place): string {
  if (outcome === 'current')
    return `perry-ship ${from} is in place; the registry has ${to}. There is nothing to do.`;
  const runs: Readonly<Record<Upgraded['daemon'], string>> = {
    managed: ' Its daemon serves.',
    ended: ' Its daemon serves.',
    byHand: ' The daemon has ended: start it again as you did before.',
    none: '',
  };
  return `perry-ship ${to} is in place; ${from} stays in ${previous}.${runs[daemon]}`;
}

/** Why this installation is not upgraded by us, and how it is. */
export function stepsFor(
  { kind, root }: Exclude<Installation, { kind: 'npm' }>,
  version = 'latest',
): { readonly why: string; readonly steps: readonly string[] } {
  const restart = 'perry-ship drain, and when it has ended: perry-ship service install';
  if (kind === 'checkout')
    return {
      why: `This perry-ship runs from its sources in ${root} (a checkout, or npm link).`,
      steps: [`cd ${JSON.stringify(root)}`, 'git pull', 'npm ci', 'npm run build', restart],
    };
  if (kind === 'dependency')
    return {
      why: `This perry-ship was not installed by "npm install --global": it lies in ${root}.`,
      steps: [`install perry-ship@${version} there again, with what has put it there`, restart],
    };
  return {
    why: `This perry-ship is a copy in ${root}, which npm knows nothing of.`,
    steps: [
      `npm install --global perry-ship@${version}`,
      'perry-ship drain, and when it has ended: perry-ship service install, by the new program',
      `rm -r ${JSON.stringify(root)}`,
    ],
  };
}
