import * as z from 'zod';
import { run } from '../adapters/process/run.ts';
import { plainLine } from '../text.ts';
import { refused } from './failures.ts';
import { type Place, programIn } from './place.ts';

const START_TIMEOUT_MS = 60_000;
const LINE_CHARACTERS = 300;

export interface TrialSettings {
  readonly stateDir: string;
  readonly envFile: string | undefined;
  /** Settings of this shell that the daemon was started with as well; never a secret. */
  readonly env: Readonly<Record<string, string>>;
}

const examinationSchema = z.object({
  answers: z
    .array(
      z.object({
        question: z.string(),
        verdict: z.string(),
        evidence: z.string(),
        fix: z.string().optional(),
      }),
    )
    .max(100),
});

/**
 * Has the new program say its version, and what it thinks of Node.js, of the settings and of the state directory: what an
 * older version cannot read is found here. No daemon is started.
 *
 * @throws ShipError UPGRADE_REFUSED
 */
export async function tryProgram(
  place: Place,
  version: string,
  { stateDir, envFile, env }: TrialSettings,
  signal: AbortSignal,
): Promise<void> {
  const start = (args: readonly string[]) =>
    run(process.execPath, ['--', programIn(place.staged), ...args], {
      ...{ signal, timeoutMs: START_TIMEOUT_MS },
      env: { ...env, PERRY_STATE_DIR: stateDir },
    });
  const said = await start(['--version']);
  if (said.exitCode !== 0 || said.stdout.trim() !== version) throw doesNotStart(version, said);
  const given = envFile === undefined ? [] : ['--env-file', envFile];
  const examined = await start(['doctor', '--for', 'upgrade', '--json', ...given]);
  const wrong = answersIn(examined.stdout)?.find(({ verdict }) => verdict === 'failed');
  if (wrong) throw cannotWork(version, wrong);
  if (examined.exitCode !== 0) throw doesNotStart(version, examined);
}

function answersIn(text: string) {
  try {
    return examinationSchema.parse(JSON.parse(text)).answers;
  } catch {
    return undefined;
  }
}

const doesNotStart = (
  version: string,
  { exitCode, stderr }: { readonly exitCode: number | undefined; readonly stderr: string },
) =>
  refused(
    `perry-ship ${version} does not start here, or does not know how to be tried (exit code ${exitCode ?? 'none'}): ${plainLine(stderr, LINE_CHARACTERS) || 'it says nothing'}.`,
    'Stay with this version, and report what stands here to the maintainers.',
  );

const cannotWork = (
  version: string,
  {
    question,
    evidence,
    fix = '',
  }: { readonly question: string; readonly evidence: string; readonly fix?: string | undefined },
) =>
  refused(
    `perry-ship ${version} says that it cannot work here. ${plainLine(question, LINE_CHARACTERS)} ${plainLine(evidence, LINE_CHARACTERS)}`,
    plainLine(fix, LINE_CHARACTERS) || 'Stay with this version.',
  );
