import { constants } from 'node:fs';
import { appendFile, copyFile, mkdir, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { type DmgPart, DmgWriter, volumeEntriesOf } from '../../src/files/dmg/write.ts';
import { TICKET_PATH } from '../../src/files/stapling/index.ts';
import { median, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const INTRODUCTION =
  '(n) The disk image that is made anew with the stapled app, beside the first one: what was packed is taken over';

const { signal } = new AbortController();
const TICKET = Buffer.alloc(3_000, 7);
const KIB = 1_024;

interface Content {
  readonly name: string;
  /** What cannot be compressed. */
  readonly megabytes: number;
  /** Of text, a hundred KiB each. */
  readonly texts: number;
}

/** How long both images take to be packed, without the guest that signs them. */
export async function benchRemadeImage(room: BenchRoom, contents: readonly Content[], runs: number) {
  const rows = [['app', 'first image', 'second image', 'ratio']];
  for (const content of contents) {
    const times: (readonly [number, number])[] = [];
    for (let run = 0; run < runs; run += 1) times.push(await packTwice(room, content));
    const [first, second] = [median(times.map(([one]) => one)), median(times.map(([, two]) => two))];
    rows.push([content.name, ms(first), ms(second), (second / first).toFixed(2)]);
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}`);
}

async function packTwice(room: BenchRoom, { megabytes, texts }: Content): Promise<readonly [number, number]> {
  const folder = join(room.folder, 'remade');
  await mkdir(folder);
  const app = await stageMacDemoApp(folder, { sizeBytes: megabytes * 1_000_000, files: 4 });
  await mkdir(join(app, 'Contents/Resources/texts'));
  for (let index = 0; index < texts; index += 1)
    await writeFile(join(app, 'Contents/Resources/texts', `${index}.txt`), textOf(index));
  const [image, anew] = [join(folder, 'first.dmg'), join(folder, 'second.dmg')];
  const writer = new DmgWriter({ volumeName: 'Bench', sourceDate: new Date() });
  const tree = await listTree(app);
  const packed = tree.map((entry) => (entry.type === 'file' ? { ...entry, packedAs: 0 } : entry));
  const first = await timed(async () => {
    const root = volumeEntriesOf(packed, app, 'Bench.app');
    await writeFile(image, Buffer.alloc(writer.packedBytes));
    await append(image, writer.packFirst({ root, signal }));
    await finish(image, writer.finish({ root, signal }));
  });
  await writeFile(join(app, TICKET_PATH), TICKET);
  const second = await timed(async () => {
    const ticket = { path: TICKET_PATH, type: 'file', mode: 0o644, sizeBytes: TICKET.length } as const;
    const root = volumeEntriesOf([...packed, ticket], app, 'Bench.app');
    await copyFile(image, anew, constants.COPYFILE_FICLONE);
    await truncate(anew, writer.packedBytes);
    await finish(anew, writer.finish({ root, signal }));
  });
  await rm(folder, { recursive: true });
  return [first, second];
}

async function finish(path: string, parts: AsyncGenerator<DmgPart>): Promise<void> {
  const { value: head } = await parts.next();
  const file = await open(path, 'r+');
  await file.write((head as DmgPart).bytes, 0, undefined, 0).finally(() => file.close());
  await append(path, parts);
}

async function append(path: string, parts: AsyncIterable<DmgPart>): Promise<void> {
  for await (const { bytes } of parts) await appendFile(path, bytes);
}

/** Like a table of translations. */
const textOf = (index: number): string =>
  Array.from({ length: 2_500 }, (_, line) => `"key ${index} ${line}" = "${(line * 7_919) % 10_007}";\n`)
    .join('')
    .slice(0, 100 * KIB);

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const ms = (time: number): string => `${time.toFixed(0)} ms`;
