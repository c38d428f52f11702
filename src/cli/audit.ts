import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import type { ChainLine, Position } from '../audit/chain-line.ts';
import { headPathOf } from '../audit/head.ts';
import { chainIn, chainsOf, markPathOf } from '../audit/places.ts';
import { type ShowWish, showChain } from '../audit/show-chain.ts';
import { type ChainReport, verifyChain } from '../audit/verify-chain.ts';
import { isNoFile } from '../audit/why-not.ts';
import { ShipError } from '../errors.ts';
import { renderChain, renderEntry } from './audit-text.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { jsonText, printJson } from './print-json.ts';
import { usage } from './sign-files.ts';
import { sinceMsOf } from './since.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface AuditVerifyFlags extends StateDirFlags {
  readonly json?: true;
  /** `NUMBER:SHA256`, each. */
  readonly expect?: readonly string[];
}

/**
 * Proves the account of signatures, from its first line to its last: exit 0 · 1 with findings.
 *
 * @throws ShipError SIGNATURES_MISSING · SIGNATURES_UNREADABLE
 */
export async function auditVerify(flags: AuditVerifyFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const noted = (flags.expect ?? []).map(positionIn);
    const stateDir = await stateDirOf(flags);
    const chains = await readIn(stateDir, async () =>
      verifyAll(await presentIn(stateDir, noted.length > 0), stateDir, { signal, noted }),
    );
    const ok = chains.every((chain) => chain.ok);
    if (flags.json) printJson({ ok, stateDir, chains });
    else process.stdout.write(`${chains.flatMap((chain) => renderChain(chain, flags)).join('\n')}\n`);
    process.exitCode = ok ? exitCodes.done : exitCodes.failed;
  });
}

export async function verifyAll(
  paths: readonly string[],
  stateDir: string,
  { signal, noted }: { readonly signal: AbortSignal; readonly noted: readonly Position[] },
): Promise<ChainReport[]> {
  const chains: ChainReport[] = [];
  for (const path of paths) {
    // what is noted down is from the log of the daemon
    const isDaemons = path === chainIn(stateDir);
    chains.push(await verifyChain(path, { signal, ...(isDaemons && { noted }) }));
  }
  return chains;
}

export interface AuditShowFlags extends StateDirFlags {
  readonly json?: true;
  readonly job?: string;
  readonly since?: string;
}

/** What was signed, a few lines each; nothing is proven by that. */
export async function auditShow(flags: AuditShowFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const { job, since, json } = flags;
    const sinceAtMs = since === undefined ? undefined : sinceMsOf(since, Date.now());
    const wish = { signal, ...(job !== undefined && { job }), ...(sinceAtMs !== undefined && { sinceAtMs }) };
    const stateDir = await stateDirOf(flags);
    await readIn(stateDir, async () => {
      const lines = linesOf(await presentIn(stateDir), wish);
      await (json ? printAsJson(lines) : printAsText(lines));
    });
  });
}

async function* linesOf(paths: readonly string[], wish: ShowWish): AsyncGenerator<ChainLine> {
  for (const path of paths) yield* showChain(path, wish);
}

async function printAsText(lines: AsyncIterable<ChainLine>): Promise<void> {
  for await (const line of lines) await print(`${renderEntry(line).join('\n')}\n`);
}

/** One array, and never more of it in memory than one line. */
async function printAsJson(lines: AsyncIterable<ChainLine>): Promise<void> {
  let separator = '[\n';
  for await (const line of lines) {
    await print(`${separator}${jsonText(line, 0)}`);
    separator = ',\n';
  }
  await print(separator === ',\n' ? '\n]\n' : '[]\n');
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

const NOTED = /^(?<number>[1-9]\d{0,14}):(?<sha256Hex>[0-9a-f]{64})$/;

function positionIn(text: string): Position {
  const { number, sha256Hex } = NOTED.exec(text)?.groups ?? {};
  if (number !== undefined && sha256Hex !== undefined) return { number: Number(number), sha256Hex };
  throw usage(
    '--expect must be the number of a line and its digest.',
    `It is ${JSON.stringify(text)}.`,
    'Give it as NUMBER:SHA256, from a line of the log of the daemon.',
  );
}

/**
 * Chains that are there, or should be: a head or a mark without its lines is one of them.
 *
 * @param isNoted - a line of that of the daemon was noted down elsewhere: it is one of them, whatever is left of it
 */
export async function presentIn(stateDir: string, isNoted = false): Promise<string[]> {
  const [daemons = '', ...others] = await chainsOf(stateDir);
  const traces = await Promise.all([daemons, headPathOf(daemons), markPathOf(daemons)].map(isThere));
  const present = [...(isNoted || traces.includes(true) ? [daemons] : []), ...others];
  if (present.length > 0) return present;
  throw new ShipError('SIGNATURES_MISSING', {
    summary: 'There is no account of signatures.',
    reason: `Nothing was signed with the state directory ${JSON.stringify(stateDir)}.`,
    nextStep: 'Name the state directory of the daemon with --state-dir or --env-file.',
  });
}

/** Whoever asks as another user than that of the daemon is to be told so. */
export async function readIn<T>(stateDir: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTSUP' && (code === undefined || syscall === undefined)) throw cause;
    throw new ShipError('SIGNATURES_UNREADABLE', {
      summary: `The account of signatures in ${JSON.stringify(stateDir)} cannot be read.`,
      reason: isNoFile(cause) ? 'It is no regular file.' : `The operating system says ${code}.`,
      nextStep:
        'Ask as the user that runs the daemon. Where something else lies in the place of signatures.jsonl, move it away and keep it, put the file back from your copy, and restart the daemon.',
      cause,
    });
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
