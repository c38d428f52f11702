import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { type Acknowledgement, breaksUnknown } from '../audit/acknowledge.ts';
import { ChainFile } from '../audit/chain-file.ts';
import { MAX_REASON_LENGTH } from '../audit/chain-line.ts';
import { chainIn } from '../audit/places.ts';
import { type ChainReport, verifyChain } from '../audit/verify-chain.ts';
import { acknowledgeBreaks } from '../control/client.ts';
import { holderOf, lockStateDir, type StateLock } from '../control/state-lock.ts';
import { ShipError } from '../errors.ts';
import { plain } from '../text.ts';
import { presentIn, readIn, verifyAll } from './audit.ts';
import { renderChain } from './audit-text.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { printJson } from './print-json.ts';
import { usage } from './sign-files.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface AuditAcknowledgeFlags extends StateDirFlags {
  readonly json?: true;
  readonly reason: string;
}

/**
 * Writes into the account that a person knows what is wrong with it, and why: by the daemon that works there, or by
 * this process where none does.
 *
 * Exit 0 · 1 where there is more that is wrong by then.
 *
 * @param breaksId - as `audit verify` names what it has found: nothing else is acknowledged
 * @throws ShipError BREAKS_UNKNOWN · SIGNATURES_IN_USE · as `auditVerify` · as `askDaemon`
 */
export async function auditAcknowledge(breaksId: string, flags: AuditAcknowledgeFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const wish = { breaksId, reason: reasonIn(flags.reason), by: userInfo().username };
    const stateDir = await stateDirOf(flags);
    const report = await readIn(stateDir, async () => {
      const { path } = await chainWith(breaksId, stateDir, signal);
      await enter(path, wish, stateDir, signal);
      return verifyChain(path, { signal });
    });
    if (flags.json) printJson({ ok: report.ok, stateDir, chain: report });
    else process.stdout.write(`${renderChain(report, flags).join('\n')}\n`);
    process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
  });
}

function reasonIn(text: string): string {
  const reason = plain(text).trim();
  if (reason !== '' && reason.length <= MAX_REASON_LENGTH) return reason;
  throw usage(
    `--reason must say in at most ${MAX_REASON_LENGTH} characters how the breaks came about.`,
    `It has ${reason.length}.`,
    'Say who or what has changed the file, and where its copy is.',
  );
}

async function chainWith(breaksId: string, stateDir: string, signal: AbortSignal): Promise<ChainReport> {
  const chains = await verifyAll(await presentIn(stateDir), stateDir, { signal, noted: [] });
  const chain = chains.find((report) => report.breaksId === breaksId);
  if (!chain) throw new ShipError('BREAKS_UNKNOWN', breaksUnknown);
  return chain;
}

async function enter(
  path: string,
  wish: Acknowledgement,
  stateDir: string,
  signal: AbortSignal,
): Promise<void> {
  if (path === chainIn(stateDir) && (await holderOf(stateDir)))
    return acknowledgeBreaks(stateDir, wish, signal);
  const lock = await lockOf(path);
  const chain = new ChainFile({ path });
  try {
    if (!(await chain.acknowledge(wish, signal))) throw new ShipError('BREAKS_UNKNOWN', breaksUnknown);
  } finally {
    await chain.close();
    await lock.release();
  }
}

/** Whoever writes to a chain holds its folder. */
const lockOf = (path: string): Promise<StateLock> =>
  lockStateDir(dirname(path)).catch((cause: unknown) => {
    if (!(cause instanceof ShipError) || cause.code !== 'DAEMON_ALREADY_RUNNING') throw cause;
    throw new ShipError('SIGNATURES_IN_USE', {
      summary: 'Nothing was acknowledged: another process writes to this account of signatures.',
      reason: `It holds ${JSON.stringify(dirname(path))}.`,
      nextStep: 'Try again when it has ended.',
      cause,
    });
  });
