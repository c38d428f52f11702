import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleLayout } from '../../src/files/code-signature/bundle-layout.ts';
import { BundleTree } from '../../src/files/code-signature/bundle-tree.ts';
import { FileDigests } from '../../src/files/code-signature/file-digests.ts';
import { sealFindings } from '../../src/files/code-signature/resource-seal.ts';
import { parseCodeResources } from '../../src/formats/code-signature/code-resources.ts';
import { inOneGo, inTurns } from '../../src/turns.ts';

const FILES = 30_000;
const digest = `<data>${'A'.repeat(43)}=</data>`;

const sealOf = (items: string): Buffer =>
  Buffer.from(
    `<plist version="1.0"><dict><key>files2</key><dict>${items}</dict><key>rules2</key><dict><key>^.*</key><true/></dict></dict></plist>`,
  );
const items = (count: number, value: string, name = 'Resources/'): string =>
  Array.from({ length: count }, (_, index) => `<key>${name}${index}</key>${value}`).join('');

/** How often others have their turn until work that waits for nothing ends, and with what it failed. */
async function turnsDuring(work: Promise<unknown>, onTurn: (turn: number) => void = () => undefined) {
  let turns = 0;
  let isOver = false;
  const count = () => {
    if (isOver) return;
    turns += 1;
    onTurn(turns);
    setImmediate(count);
  };
  setImmediate(count);
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  isOver = true;
  return { turns, error };
}

describe('a seal of tens of thousands of items is read in pieces', () => {
  test.each([
    ['files', items(FILES, `<dict><key>hash2</key>${digest}</dict>`)],
    ['links', items(FILES, '<dict><key>symlink</key><string>a</string></dict>')],
    ['nested code', items(FILES, '<dict><key>requirement</key><string>a</string></dict>')],
    ['long paths', items(9_000, `<dict><key>hash2</key>${digest}</dict>`, 'a'.repeat(1_000))],
    ['comments', items(9_000, `<dict>${'<!-- -->'.repeat(99)}<key>hash2</key>${digest}</dict>`)],
  ])('%s', (_, text) => {
    const bytes = sealOf(text);
    expect([...parseCodeResources(bytes)].length).toBeGreaterThan(Math.floor(bytes.length / (512 * 1024)));
  });

  test('comments without end between two items are refused', () => {
    const bytes = sealOf(`${'<!-- -->'.repeat(10_000)}<key>a</key><dict><key>hash2</key>${digest}</dict>`);
    expect(() => inOneGo(parseCodeResources(bytes))).toThrow('cannot be read');
  });

  test.each([1, 2, 7])('and is given up after %d of them', async (pieces) => {
    const abort = new AbortController();
    const work = parseCodeResources(sealOf(items(FILES, `<dict><key>hash2</key>${digest}</dict>`)));
    let done = 0;
    const watched = {
      next: () => {
        done += 1;
        if (done === pieces) setImmediate(() => abort.abort(new Error('enough')));
        return work.next();
      },
    } as typeof work;
    await expect(inTurns(watched, abort.signal)).rejects.toThrow('enough');
    expect(done).toBeLessThanOrEqual(pieces + 1);
  });
});

describe('a bundle is compared with a large seal in pieces', () => {
  const RESOURCES = 3_000;
  let root: string;
  let tree: BundleTree;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'perry-ship-seal-'));
    await mkdir(join(root, 'Resources'));
    const info =
      '<plist version="1.0"><dict><key>CFBundleExecutable</key><string>App</string></dict></plist>';
    await writeFile(join(root, 'Info.plist'), info);
    await writeFile(join(root, 'App'), '');
    for (let index = 0; index < RESOURCES; index += 1) await writeFile(join(root, `Resources/${index}`), '');
    tree = await BundleTree.read(root);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const compare = async (text: string, signal: AbortSignal) => {
    const known = new Map([...tree.entries].map(({ path }) => [path, Buffer.alloc(32)]));
    const context = { tree, digests: new FileDigests(tree, known, signal), code: new Map(), signal };
    const layout = await bundleLayout(tree, '');
    if (!layout) throw new Error('no bundle');
    const seal = inOneGo(parseCodeResources(sealOf(text)));
    return () => sealFindings(context, layout, seal);
  };

  const kinds: ReadonlyArray<readonly [string, string, number]> = [
    ['items that are not there', items(FILES, `<dict><key>hash2</key>${digest}</dict>`, 'none'), FILES / 500],
    ['files whose digests are known', items(RESOURCES, `<dict><key>hash2</key>${digest}</dict>`), 12],
    ['files that it does not name', '', RESOURCES / 500],
  ];

  test.each(kinds)('%s', async (_, text, least) => {
    const { signal } = new AbortController();
    const findings = await compare(text, signal);
    const { turns, error } = await turnsDuring(findings());
    expect(error).toBeUndefined();
    expect(turns).toBeGreaterThanOrEqual(least - 1);
  });

  test.each(kinds)('and is given up: %s', async (_, text) => {
    const abort = new AbortController();
    const findings = await compare(text, abort.signal);
    const stopped = new Error('enough');
    const { turns, error } = await turnsDuring(findings(), (turn) => turn === 2 && abort.abort(stopped));
    expect(error).toBe(stopped);
    expect(turns).toBeLessThanOrEqual(4);
  });
});
