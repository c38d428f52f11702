import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentChange } from '../../src/files/dmg/same-content.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import type { VolumeEntry } from '../../src/formats/hfsplus/tree.ts';
import { writeDmg } from '../helpers/dmg-file.ts';
import { makeTree, neverAborted as signal, sourceDate, type Tree } from '../helpers/dmg-tree.ts';

const app: Tree = {
  Contents: {
    MacOS: { App: { bytes: Buffer.alloc(3 * 1024 * 1024 + 5, 'code'), mode: 0o755 } },
    Resources: { 'größe.txt': 'text', empty: '', folder: {}, '\u00e9 한': 'composed' },
    Current: { link: 'MacOS/App' },
  },
};

let folder: string;
let sent: VolumeEntry[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-same-content-'));
  await makeTree(join(folder, 'sent'), app);
  sent = await volumeEntries(join(folder, 'sent'), 'My.app');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is found in an image of these entries when `sent` was asked for. */
async function changeOf(root: readonly VolumeEntry[], volumeName = 'My App'): Promise<string | undefined> {
  const outPath = join(folder, 'image.dmg');
  await writeDmg({ outPath, volumeName, root, sourceDate, signal });
  return contentChange(outPath, { volumeName: 'My App', entries: sent, signal });
}

const changed = (path: string, change: Partial<VolumeEntry>): VolumeEntry[] =>
  sent.map((entry) => (entry.path === path ? { ...entry, ...change } : entry));

const more = (entry: Partial<VolumeEntry> & { readonly path: string }): VolumeEntry[] => [
  ...sent,
  { type: 'directory', mode: 0o755, sizeBytes: 0, ...entry },
];

describe('a disk image', () => {
  test('of what was sent has no difference, whatever macOS keeps for itself on it', async () => {
    expect(await changeOf(sent)).toBeUndefined();
    expect(await changeOf(more({ path: '.Trashes' }))).toBeUndefined();
    const events = [
      { path: '.fseventsd', type: 'directory' as const, mode: 0o700, sizeBytes: 0 },
      { path: '.fseventsd/no_log', type: 'file' as const, mode: 0o600, sizeBytes: 0 },
    ];
    await writeFile(join(folder, 'no_log'), '');
    expect(
      await changeOf([...sent, ...events.map((entry) => ({ ...entry, source: join(folder, 'no_log') }))]),
    ).toBeUndefined();
  });

  test('says which lie it tells', async () => {
    const [program, text] = ['My.app/Contents/MacOS/App', 'My.app/Contents/Resources/größe.txt'];
    const other = join(folder, 'other');
    await cp(join(folder, 'sent/Contents/MacOS/App'), other);
    const bytes = Buffer.alloc(3 * 1024 * 1024 + 5, 'code');
    bytes[bytes.length - 1] = 0;
    await writeFile(other, bytes);
    await writeFile(join(folder, 'four'), 'four');
    await writeFile(join(folder, 'longer'), 'longer');
    const file = { type: 'file' as const, mode: 0o644, source: join(folder, 'four'), sizeBytes: 4 };
    const lies: Record<string, readonly [readonly VolumeEntry[], RegExp]> = {
      'its last byte is another': [changed(program, { source: other }), /App" is not as it was sent/],
      'other text of the same length': [
        changed(text, { source: join(folder, 'four') }),
        /not as it was sent/,
      ],
      'longer text': [changed(text, { source: join(folder, 'longer'), sizeBytes: 6 }), /has 6 bytes, not 4/],
      'another mode': [changed(program, { mode: 0o644 }), /has the mode 644, not 755/],
      'a folder for all to write': [changed('My.app/Contents', { mode: 0o777 }), /mode 777/],
      'a link to elsewhere': [changed('My.app/Contents/Current', { linkTarget: '/bin/sh' }), /not as it was/],
      'the link to the applications': [
        changed('Applications', { linkTarget: '/tmp' }),
        /"Applications" is not/,
      ],
      'a file in place of a link': [
        changed('My.app/Contents/Current', { ...file, linkTarget: '' }),
        /is a file, not a symlink/,
      ],
      'a file more': [more({ path: 'My.app/Contents/evil', ...file }), /evil" on it, which was not sent/],
      'an app more': [more({ path: 'Other.app' }), /Other\.app" on it/],
      'a file among the events': [
        [...more({ path: '.fseventsd' }), { path: '.fseventsd/evil', ...file }],
        /evil" on it/,
      ],
      'a file that is not there': [sent.filter(({ path }) => path !== text), /txt" is not on it/],
    };
    for (const [name, [root, why]] of Object.entries(lies)) expect(await changeOf(root), name).toMatch(why);
    expect(await changeOf(sent, 'Another App')).toMatch(/called "Another App"/);
  });
});
