import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Position, writeLine } from '../../src/audit/chain-line.ts';
import { writeHead } from '../../src/audit/head.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const INTRODUCTION =
  '(a) The account of signatures: a whole chain proven, beside taking the SHA-256 of the same file; the ratio stays what it is, however long the chain';
/** As much as a job adds. */
const CONTENT = { kind: 'signed', job: 'job', entitlements: Array(100).fill('com.apple.security.network') };
const signal = new AbortController().signal;

export async function benchAccount(room: BenchRoom, counts: readonly number[]): Promise<void> {
  const rows = [['lines', 'size', 'proven', 'SHA-256 alone', 'ratio']];
  for (const count of counts) {
    const path = join(room.folder, `signatures-${count}.jsonl`);
    const bytes = await writeChain(path, count);
    const proven = await timeOf(() => verifyChain(path, { signal }));
    const plain = await timeOf(() => digest(path));
    rows.push([
      String(count),
      `${(bytes / 1e6).toFixed(0)} MB`,
      ms(proven),
      ms(plain),
      (proven / plain).toFixed(1),
    ]);
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}`);
}

async function writeChain(path: string, count: number): Promise<number> {
  let last: Position | null = null;
  const lines: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const { text, position } = writeLine(last, CONTENT, new Date(0));
    lines.push(text);
    last = position;
  }
  const whole = lines.join('');
  await writeFile(path, whole);
  if (last) await writeHead(path, last);
  return Buffer.byteLength(whole);
}

async function digest(path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  hash.digest('hex');
}

/** Of the second time: the first one warms up. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  await work();
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const ms = (time: number): string => `${time.toFixed(0)} ms`;
