import { ShipError } from '../errors.ts';
import { verifyInProcess } from '../run/host/verify-in-process.ts';
import { renderReport } from '../verify/text.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { endWith } from './tell-error.ts';

export interface VerifyFlags {
  readonly json?: boolean;
}

/** Prints what is inside an artifact and whether every seal holds: exit 0 · 1 with findings · 2 unreadable. */
export async function verify(artifact: string, { json = false }: VerifyFlags): Promise<void> {
  await interruptible({ json }, async (signal) => {
    const report = await readable(artifact, signal, json);
    if (!report) return;
    const text = json ? JSON.stringify(report, null, 2) : renderReport(report).join('\n');
    process.stdout.write(`${text}\n`);
    process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
  });
}

/** What cannot be read at all is wrong usage. */
async function readable(artifact: string, signal: AbortSignal, json: boolean) {
  try {
    return await verifyInProcess(artifact, signal);
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    endWith(error, { json });
    process.exitCode = exitCodes.wrongUsage;
    return undefined;
  }
}
