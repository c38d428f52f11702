import { resolve } from 'node:path';
import { withInquirer } from '../actors/inquiries.ts';
import { loadRunMemory, type RunMemory } from '../config/load.ts';
import { ShipError } from '../errors.ts';
import type { ArtifactReport } from '../verify/report.ts';
import { renderReport } from '../verify/text.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { jsonText } from './print-json.ts';
import { endWith } from './tell-error.ts';

export interface VerifyFlags {
  readonly json?: boolean;
}

/** Prints what is inside an artifact and whether every seal holds: exit 0 · 1 with findings · 2 unreadable. */
export async function verify(artifact: string, { json = false }: VerifyFlags): Promise<void> {
  await interruptible({ json }, async (signal) => {
    const report = await readable(artifact, signal, json);
    if (!report) return;
    const text = json ? jsonText(report) : renderReport(report).join('\n');
    process.stdout.write(`${text}\n`);
    process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
  });
}

/** Takes an artifact apart in a process of its own. @throws ShipError as `Inquirer.ask` */
export const verifyApart = (
  artifact: string,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<ArtifactReport> =>
  withInquirer({ memory }, ({ ask, scratchDir }) =>
    ask('verifyArtifact', { path: resolve(artifact), scratchDir }, signal),
  );

/** What cannot be read at all is wrong usage. */
async function readable(artifact: string, signal: AbortSignal, json: boolean) {
  try {
    return await verifyApart(artifact, loadRunMemory(process.env), signal);
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    endWith(error, { json });
    if (exitCodeOf(error) === exitCodes.failed) process.exitCode = exitCodes.wrongUsage;
    return undefined;
  }
}
