import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChainFile } from '../../src/audit/chain-file.ts';
import { type Position, writeLine } from '../../src/audit/chain-line.ts';
import { writeHead } from '../../src/audit/head.ts';
import { showChain } from '../../src/audit/show-chain.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';

const signal = new AbortController().signal;
let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-chain-work-'));
  path = join(dir, 'signatures.jsonl');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** As long as most lines are. */
const CONTENT = { kind: 'signed', job: 'job', more: 'x'.repeat(3_000) };

/** @returns its size in bytes */
async function chainOf(count: number): Promise<number> {
  let last: Position | null = null;
  const lines: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const { text, position } = writeLine(last, CONTENT, new Date(0));
    lines.push(text);
    last = position;
  }
  await writeFile(path, lines.join(''));
  if (last) await writeHead(path, last);
  return Buffer.byteLength(lines.join(''));
}

/** Everything that reading a file costs: bytes that were read, memory for them, lines that were parsed. */
async function workOf(work: () => Promise<unknown>) {
  const file = await open(dir);
  const handles = Object.getPrototypeOf(file) as Awaited<ReturnType<typeof open>>;
  await file.close();
  const read = vi.spyOn(handles, 'read');
  const parse = vi.spyOn(JSON, 'parse');
  const buffers = new Set<ArrayBufferLike>();
  try {
    await work();
    let bytes = 0;
    for (const [index, { value }] of read.mock.settledResults.entries()) {
      bytes += (value as { bytesRead: number }).bytesRead;
      const [buffer] = read.mock.calls[index] as unknown as [Buffer];
      buffers.add(buffer.buffer);
    }
    const parsed = parse.mock.calls.filter(([text]) => text.includes(CONTENT.more)).length;
    return { bytes, parsed, memory: [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0) };
  } finally {
    read.mockRestore();
    parse.mockRestore();
  }
}

/** The head is read before and after. */
const HEADS = 1_000;
const COUNTS = [1_000, 2_000, 4_000];

test.each(COUNTS)(
  '%i lines are proven and shown by reading each byte once, in memory that does not grow',
  async (count) => {
    const size = await chainOf(count);
    const proven = await workOf(() => verifyChain(path, { signal }));
    const shown = await workOf(async () => {
      for await (const _ of showChain(path, { signal, job: 'none' }));
    });
    for (const { bytes, parsed, memory } of [proven, shown]) {
      expect(bytes).toBeGreaterThanOrEqual(size);
      expect(bytes).toBeLessThan(size + HEADS);
      expect(parsed).toBe(count);
      expect(memory).toBeLessThan(1024 * 1024);
    }
  },
);

test.each(COUNTS)('a line is added to %i by reading no more than the end', async (count) => {
  await chainOf(count);
  const chain = new ChainFile({ path });
  const first = await workOf(() => chain.append({ kind: 'signed' }));
  expect(first).toMatchObject({ parsed: 1 });
  expect(first.bytes).toBeLessThan(1_100_000);
  const next = await workOf(() => chain.append({ kind: 'signed' }));
  expect(next).toMatchObject({ parsed: 0 });
  // whether its end is as it was left
  expect(next.bytes).toBeLessThan(20_000);
  await chain.close();
});
