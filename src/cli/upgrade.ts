import type { Failure } from '../../machines/contracts/failure.ts';
import { forAudience } from '../../machines/contracts/wording.ts';
import type { UpgradeNote } from '../../machines/upgrade/machine.ts';
import { ShipError } from '../errors.ts';
import { packageRoot } from '../package-root.ts';
import { managerFor } from '../service/select.ts';
import { type Installation, installationAt, type Place } from '../upgrade/place.ts';
import { type Upgraded, upgrade } from '../upgrade/upgrade.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible, NOTHING_UNDONE } from './interruptible.ts';
import { printJson } from './print-json.ts';
import { thisHost } from './service.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';
import { phaseText, planText, stepsFor, upgradedText } from './upgrade-text.ts';

export interface UpgradeFlags extends StateDirFlags {
  readonly yes?: true;
  readonly json?: true;
}

/** `0.2.0`, or a name that the registry has for a version, as `latest`. */
const WANTED = /^(\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,64})?|[a-z][a-z0-9-]{0,63})$/;

/** Upgrades the program and its daemon; one that npm has not installed for all is told how, and nothing is changed. */
export async function upgradeProgram(version: string | undefined, flags: UpgradeFlags): Promise<void> {
  if (version !== undefined && !WANTED.test(version)) throw noVersion(version);
  const installation = installationAt(packageRoot());
  if (installation.kind === 'npm') await upgradeAt(installation.place, version, flags);
  else tellSteps(installation, version, flags);
}

async function upgradeAt(place: Place, wanted: string | undefined, flags: UpgradeFlags): Promise<void> {
  const { yes: mayChange = false, json = false, envFile } = flags;
  await interruptible({ json, tellsFailure: true }, async (signal) => {
    const stateDir = await stateDirOf(flags);
    const host = thisHost();
    const onPhase = (note: UpgradeNote) => mayChange && console.error(phaseText(note));
    const done = await upgrade(
      { place, wanted, mayChange, stateDir, envFile, host, manager: managerOf(host) },
      { onPhase, signal },
    );
    if (done.failure) throw asTold(done, done.failure);
    if (json) printJson(asJson(done, place, stateDir));
    else print(done.outcome === 'planned' ? planText(done, place, stateDir) : upgradedText(done, place));
    process.exitCode ??= exitCodes.done;
    return NOTHING_UNDONE;
  });
}

const managerOf = (host: Parameters<typeof managerFor>[0]) => {
  try {
    return managerFor(host);
  } catch {
    return undefined;
  }
};

function asJson(
  { outcome, from, to, daemon, pid }: Upgraded,
  { current, previous }: Place,
  stateDir: string,
) {
  return { ok: true, outcome, from, to, program: current, previous, stateDir, daemon, pid };
}

/** What was refused before anything was changed says so itself. */
function asTold({ outcome, from, to, daemon }: Upgraded, failure: Failure): unknown {
  const isUndone = outcome === 'unchanged' || (outcome === 'returned' && failure.code === 'CANCELLED');
  if (isUndone) return { failure };
  const { summary, reason, nextStep } = forAudience(failure, 'terminal');
  const runs = daemon === 'managed' || daemon === 'ended' ? ', and its daemon runs' : '';
  return new ShipError('UPGRADE_FAILED', {
    summary:
      outcome === 'returned'
        ? `perry-ship was not upgraded${to === null ? '' : ` to ${to}`}: version ${from} is in place again${runs}.`
        : `perry-ship was not upgraded${to === null ? '' : ` to ${to}`}, and version ${from} could not be brought back as it was.`,
    reason: `${summary} ${reason}`,
    nextStep:
      outcome === 'returned'
        ? nextStep
        : `Look at "perry-ship status" and "perry-ship service status", and run "perry-ship upgrade" again; by hand: "npm install --global perry-ship@${from}", then "perry-ship service install".`,
  });
}

function tellSteps(
  installation: Exclude<Installation, { kind: 'npm' }>,
  version: string | undefined,
  { yes, json }: UpgradeFlags,
) {
  const { why, steps } = stepsFor(installation, version);
  if (yes) process.exitCode = exitCodes.failed;
  if (json) return printJson({ ok: yes !== true, outcome: 'byHand', kind: installation.kind, why, steps });
  print([why, 'To upgrade it:', ...steps.map((step) => `  ${step}`)].join('\n'));
}

const noVersion = (version: string) =>
  new ShipError('COMMAND_USAGE_WRONG', {
    summary: `${JSON.stringify(version.slice(0, 100))} is no version.`,
    reason:
      'A version is three numbers with dots, like 0.2.0, or a name that the registry has for one, like "latest".',
    nextStep: 'Run "npm view perry-ship versions" to see what there is.',
  });

const print = (text: string): void => void process.stdout.write(`${text}\n`);
