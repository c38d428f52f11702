import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UnpackLimits } from '../../src/files/archive/limits.ts';
import { unpackBundle } from '../../src/files/archive/unpack-bundle.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { makeSandbox, openFileCount, type Sandbox } from '../helpers/archive-sandbox.ts';
import {
  gnuLong,
  inPieces,
  paxHeader,
  type TarPart,
  tarball,
  tarGz,
  tarPart,
  type ZipPart,
  zip,
} from '../helpers/archives.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await makeSandbox();
});
afterEach(() => sandbox.remove());

interface Case {
  readonly what: string;
  readonly code: string;
  readonly bytes: (root: string) => Buffer;
  readonly limits?: Partial<UnpackLimits>;
}

const file = (name: string): TarPart => ({ name, body: 'x' });
const folder = (name: string): TarPart => ({ name, type: '5' });
const link = (name: string, linkName: string): TarPart => ({ name, type: '2', linkName });
const hardLink = (name: string, linkName: string): TarPart => ({ name, type: '1', linkName });
const tar = (what: string, code: string, ...parts: (TarPart | Buffer)[]): Case => ({
  what: `tar: ${what}`,
  code,
  bytes: () => tarGz(...parts),
});
const zipped = (what: string, code: string, ...parts: ZipPart[]): Case => ({
  what: `zip: ${what}`,
  code,
  bytes: () => zip(parts),
});
const zipLink = (name: string, target: string): ZipPart => ({ name, body: target, mode: 0o120777 });
const app = 'Payload/X.app';

const paths: Case[] = [
  { what: 'tar: absolute', code: 'BUNDLE_PATH_UNSAFE', bytes: (root) => tarGz(file(`${root}/escaped`)) },
  { what: 'zip: absolute', code: 'BUNDLE_PATH_UNSAFE', bytes: (root) => zip([{ name: `${root}/escaped` }]) },
  tar('up', 'BUNDLE_PATH_UNSAFE', file('../escaped')),
  tar('up behind a folder', 'BUNDLE_PATH_UNSAFE', file('X.app/../../escaped')),
  tar('up at the end', 'BUNDLE_PATH_UNSAFE', folder('X.app/..')),
  tar('up in a prefix', 'BUNDLE_PATH_UNSAFE', { name: 'escaped', prefix: '..', body: 'x' }),
  tar('up in a pax path', 'BUNDLE_PATH_UNSAFE', paxHeader({ path: '../escaped' }), file('X.app/a')),
  tar('up in a GNU long name', 'BUNDLE_PATH_UNSAFE', gnuLong('L', '../escaped'), file('X.app/a')),
  tar('backslash', 'BUNDLE_PATH_UNSAFE', file('X.app\\..\\..\\escaped')),
  tar('drive letter', 'BUNDLE_PATH_UNSAFE', file('C:/escaped')),
  tar('NUL in a pax path', 'BUNDLE_PATH_UNSAFE', paxHeader({ path: 'X.app/a\0b' }), file('X.app/a')),
  tar('NUL in a GNU long name', 'BUNDLE_PATH_UNSAFE', gnuLong('L', 'X.app/a\0b'), file('X.app/a')),
  tar('line break', 'BUNDLE_PATH_UNSAFE', file('X.app/a\nb')),
  tar('no name', 'BUNDLE_PATH_UNSAFE', file('')),
  tar('file named .', 'BUNDLE_PATH_UNSAFE', file('.')),
  tar('link named ./', 'BUNDLE_PATH_UNSAFE', link('./', 'X.app')),
  tar('up behind dots and slashes', 'BUNDLE_PATH_UNSAFE', file('./X.app/.//../../escaped')),
  tar('slash behind a file', 'BUNDLE_PATH_UNSAFE', link('X.app/a/', 'b')),
  tar('file named . in a folder', 'BUNDLE_PATH_UNSAFE', file('X.app/.')),
  tar(
    'name longer than a disk takes',
    'BUNDLE_PATH_UNSAFE',
    gnuLong('L', `X.app/${'n'.repeat(256)}`),
    file('a'),
  ),
  tar('path too long', 'BUNDLE_PATH_UNSAFE', gnuLong('L', `X.app/${'dir/'.repeat(230)}f`), file('a')),
  tar('too deep', 'BUNDLE_PATH_UNSAFE', gnuLong('L', `X.app/${'d/'.repeat(64)}f`), file('a')),
  { what: 'tar: not UTF-8', code: 'BUNDLE_PATH_UNSAFE', bytes: () => gzipSync(latin1Name()) },
  zipped('up', 'BUNDLE_PATH_UNSAFE', { name: '../escaped', body: 'x' }),
  zipped('up behind the bundle', 'BUNDLE_PATH_UNSAFE', { name: `${app}/../../../escaped`, body: 'x' }),
  zipped('backslash', 'BUNDLE_PATH_UNSAFE', { name: '..\\escaped', body: 'x' }),
  zipped('NUL', 'BUNDLE_PATH_UNSAFE', { name: `${app}/a\0b`, body: 'x' }),
  zipped('not UTF-8', 'BUNDLE_PATH_UNSAFE', { name: Buffer.from(`${app}/\xe9`, 'latin1'), body: 'x' }),
  zipped('second name', 'BUNDLE_PATH_UNSAFE', {
    name: `${app}/a`,
    body: 'x',
    extra: unicodePath('../escaped'),
  }),
];

const collisions: Case[] = [
  tar('same name twice', 'BUNDLE_NAME_COLLISION', file('X.app/a'), file('X.app/a')),
  tar('same folder twice', 'BUNDLE_NAME_COLLISION', folder('X.app/'), folder('X.app')),
  tar('same name behind ./', 'BUNDLE_NAME_COLLISION', file('X.app/a'), file('./X.app/a')),
  tar('same name with //', 'BUNDLE_NAME_COLLISION', file('X.app/a'), file('X.app//./a')),
  tar('case only', 'BUNDLE_NAME_COLLISION', file('X.app/Info.plist'), file('X.app/info.plist')),
  tar('case of a folder', 'BUNDLE_NAME_COLLISION', file('X.app/Contents/a'), file('X.app/contents/b')),
  tar('composed and decomposed', 'BUNDLE_NAME_COLLISION', file('X.app/\u00e9'), file('X.app/e\u0301')),
  tar('ß and ss', 'BUNDLE_NAME_COLLISION', file('X.app/Stra\u00dfe'), file('X.app/STRASSE')),
  tar('file where a folder was', 'BUNDLE_NAME_COLLISION', file('X.app/a/b'), file('X.app/a')),
  tar('folder where a file was', 'BUNDLE_NAME_COLLISION', file('X.app/a'), folder('X.app/a')),
  tar('below a file', 'BUNDLE_NAME_COLLISION', file('X.app/a'), file('X.app/a/b')),
  tar('file where a link was', 'BUNDLE_NAME_COLLISION', link('X.app/a', 'b'), file('X.app/a')),
  tar('link where a folder was', 'BUNDLE_NAME_COLLISION', file('X.app/a/b'), link('X.app/a', '..')),
  zipped(
    'same name twice',
    'BUNDLE_NAME_COLLISION',
    { name: `${app}/a`, body: 'x' },
    { name: `${app}/a`, body: 'y' },
  ),
  zipped(
    'case only',
    'BUNDLE_NAME_COLLISION',
    { name: `${app}/A`, body: 'x' },
    { name: `${app}/a`, body: 'y' },
  ),
];

const links: Case[] = [
  {
    what: 'tar: link to an absolute path',
    code: 'BUNDLE_LINK_OUTSIDE',
    bytes: (root) => tarGz(link('X.app/a', root)),
  },
  tar('link upwards', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', '../..')),
  tar('link to the folder of the bundle', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', '..')),
  tar('link out of the bundle and back', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', '../X.app/b')),
  tar('link to a neighbour', 'BUNDLE_LINK_OUTSIDE', file('other/b'), link('X.app/a', '../other/b')),
  tar('top-level link upwards', 'BUNDLE_LINK_OUTSIDE', link('X.app', '../spool')),
  tar('write through a link', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', 'b'), file('X.app/a/escaped')),
  tar(
    'write through a link in other case',
    'BUNDLE_LINK_OUTSIDE',
    link('X.app/a', 'b'),
    file('X.app/A/escaped'),
  ),
  tar('folder below a link', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', 'b'), folder('X.app/a/c')),
  tar(
    'a link that only another link makes dangerous',
    'BUNDLE_LINK_OUTSIDE',
    file('X.app/d/e/f'),
    link('X.app/d/e/up', '../..'),
    link('X.app/out', 'd/e/up/../spool'),
  ),
  tar(
    'the same by the case of a Mac',
    'BUNDLE_LINK_OUTSIDE',
    link('X.app/d/e/up', '../..'),
    link('X.app/o', 'd/e/UP/..'),
  ),
  tar('link to itself', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', 'a')),
  tar('links in a circle', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', 'b'), link('X.app/b', 'a')),
  tar('link to nothing', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', '')),
  tar('link with a backslash', 'BUNDLE_LINK_OUTSIDE', link('X.app/a', '..\\..\\x')),
  tar(
    'long target upwards (pax)',
    'BUNDLE_LINK_OUTSIDE',
    paxHeader({ linkpath: '../../x' }),
    link('X.app/a', 'b'),
  ),
  tar('long target upwards (GNU)', 'BUNDLE_LINK_OUTSIDE', gnuLong('K', '../../x'), link('X.app/a', 'b')),
  tar('tangle of links', 'BUNDLE_LINK_OUTSIDE', ...tangle()),
  zipped('link upwards', 'BUNDLE_LINK_OUTSIDE', zipLink(`${app}/a`, '../../..')),
  zipped('link from the bundle into Payload', 'BUNDLE_LINK_OUTSIDE', zipLink(`${app}/a`, '../b')),
  zipped('absolute link', 'BUNDLE_LINK_OUTSIDE', zipLink(`${app}/a`, '/etc/passwd')),
  zipped('write through a link', 'BUNDLE_LINK_OUTSIDE', zipLink(`${app}/a`, 'b'), {
    name: `${app}/a/c`,
    body: 'x',
  }),
  zipped('endless target', 'BUNDLE_LINK_OUTSIDE', zipLink(`${app}/a`, 'b/'.repeat(4000))),
];

const sparse10 = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' };
const sparse01 = (blocks: string, size: string, map: string) => ({
  'GNU.sparse.numblocks': blocks,
  'GNU.sparse.size': size,
  'GNU.sparse.map': map,
});
const inBlock = (map: string, data = ''): Buffer =>
  Buffer.concat([Buffer.from(map.padEnd(512, '\0'), 'latin1'), Buffer.from(data)]);
const sparseMaps: [what: string, records: Record<string, string>, body: string | Buffer][] = [
  ['nothing but a version', sparse10, 'x'],
  ['of a version to come', { ...sparse10, 'GNU.sparse.major': '2', 'GNU.sparse.realsize': '9' }, 'x'],
  ['star', { 'SCHILY.realsize': '9' }, 'x'],
  ['part beyond the end', sparse01('1', '9', '9,1'), 'x'],
  ['parts out of order', sparse01('2', '9', '5,1,1,1'), 'xx'],
  ['parts over each other', sparse01('2', '9', '1,2,2,1'), 'xxx'],
  ['more data than parts', sparse01('1', '9', '1,1'), 'xx'],
  ['fewer data than parts', sparse01('1', '9', '1,2'), 'x'],
  ['odd numbers', sparse01('1', '9', '1,1,1'), 'x'],
  ['another count', sparse01('2', '9', '1,1'), 'x'],
  ['numbers that are none', sparse01('1', '9', '1,-1'), 'x'],
  [
    'sizes before offsets',
    { 'GNU.sparse.numbytes': '1', 'GNU.sparse.offset': '1', 'GNU.sparse.size': '9' },
    '',
  ],
  ['map that is cut', { ...sparse10, 'GNU.sparse.realsize': '9' }, inBlock('2\n1\n1\n', 'x')],
  ['map without an end', { ...sparse10, 'GNU.sparse.realsize': '9' }, inBlock('2\n1\n1\n5\n99')],
  ['map of text', { ...sparse10, 'GNU.sparse.realsize': '9' }, inBlock('no map\n')],
  ['map of too many parts', { ...sparse10, 'GNU.sparse.realsize': '9' }, inBlock('999999\n')],
];

const kinds: Case[] = [
  tar('hard link to an absolute path', 'BUNDLE_PATH_UNSAFE', hardLink('X.app/b', '/etc/passwd')),
  tar('hard link upwards', 'BUNDLE_PATH_UNSAFE', hardLink('X.app/b', 'X.app/../../secret')),
  tar(
    'hard link to a later file',
    'BUNDLE_ENTRY_UNSUPPORTED',
    hardLink('X.app/a', 'X.app/b'),
    file('X.app/b'),
  ),
  tar('hard link to itself', 'BUNDLE_ENTRY_UNSUPPORTED', hardLink('X.app/a', 'X.app/a')),
  tar('hard link to nothing', 'BUNDLE_PATH_UNSAFE', hardLink('X.app/a', '')),
  tar('hard link to a folder', 'BUNDLE_ENTRY_UNSUPPORTED', folder('X.app/a'), hardLink('X.app/b', 'X.app/a')),
  tar(
    'hard link to a symbolic link that leads out from its new place',
    'BUNDLE_LINK_OUTSIDE',
    link('X.app/d/a', '../b'),
    hardLink('X.app/a', 'X.app/d/a'),
  ),
  tar('hard link over a file', 'BUNDLE_NAME_COLLISION', ...['a', 'b'].map((name) => file(`X.app/${name}`)), {
    ...hardLink('X.app/b', 'X.app/a'),
  }),
  tar(
    'hard link in another case',
    'BUNDLE_ENTRY_UNSUPPORTED',
    file('X.app/a'),
    hardLink('X.app/b', 'X.app/A'),
  ),
  tar('hard link with content', 'BUNDLE_ENTRY_UNSUPPORTED', file('X.app/a'), {
    ...hardLink('X.app/b', 'X.app/a'),
    body: 'other',
  }),
  tar('character device', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/null', type: '3' }),
  tar('block device', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/disk', type: '4' }),
  tar('named pipe', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/pipe', type: '6' }),
  tar('GNU sparse file', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/a', type: 'S', body: 'x' }),
  tar('GNU multi-volume', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/a', type: 'M', body: 'x' }),
  tar('unknown type', 'BUNDLE_ENTRY_UNSUPPORTED', { name: 'X.app/a', type: 'Z', body: 'x' }),
  tar('folder with content', 'BUNDLE_CORRUPT', { name: 'X.app/a', type: '5', body: 'x' }, file('X.app/b')),
  tar('link with content', 'BUNDLE_ENTRY_UNSUPPORTED', { ...link('X.app/a', 'b'), body: 'x' }),
  ...sparseMaps.map(([what, records, body]) =>
    tar(`sparse file: ${what}`, 'BUNDLE_ENTRY_UNSUPPORTED', paxHeader(records), { name: 'X.app/a', body }),
  ),
  tar(
    'sparse folder',
    'BUNDLE_ENTRY_UNSUPPORTED',
    paxHeader({ ...sparse10, 'GNU.sparse.realsize': '9' }),
    folder('X.app/a'),
  ),
  tar(
    'two sparse maps',
    'BUNDLE_ENTRY_UNSUPPORTED',
    paxHeader(sparse01('1', '9', '0,1')),
    paxHeader(sparse01('1', '9', '1,1')),
    file('X.app/a'),
  ),
  tar(
    'pax names in another code',
    'BUNDLE_ENTRY_UNSUPPORTED',
    paxHeader({ hdrcharset: 'ISO-IR 8859 1 1998' }),
    file('X.app/a'),
  ),
  tar('pax size that is none', 'BUNDLE_ENTRY_UNSUPPORTED', paxHeader({ size: '-1' }), file('X.app/a')),
  tar('global path', 'BUNDLE_ENTRY_UNSUPPORTED', paxHeader({ path: 'X.app/b' }, 'g'), file('X.app/a')),
  tar(
    'two long names',
    'BUNDLE_ENTRY_UNSUPPORTED',
    gnuLong('L', 'X.app/a'),
    gnuLong('L', 'X.app/b'),
    file('c'),
  ),
  tar('huge extended header', 'BUNDLE_ENTRY_UNSUPPORTED', { type: 'x', size: 2 ** 30 }),
  zipped('encrypted', 'BUNDLE_ENTRY_UNSUPPORTED', { name: `${app}/a`, body: 'x', flags: 1 }),
  zipped('unknown method', 'BUNDLE_ENTRY_UNSUPPORTED', {
    name: `${app}/a`,
    method: 12,
    packed: Buffer.from('x'),
  }),
  zipped('device', 'BUNDLE_ENTRY_UNSUPPORTED', { name: `${app}/a`, mode: 0o020666 }),
  zipped('pipe', 'BUNDLE_ENTRY_UNSUPPORTED', { name: `${app}/a`, mode: 0o010666 }),
  zipped('folder that is a file', 'BUNDLE_ENTRY_UNSUPPORTED', { name: `${app}/a/`, mode: 0o100644 }),
  zipped('folder with content', 'BUNDLE_ENTRY_UNSUPPORTED', { name: `${app}/a/`, body: 'x' }),
  zipped('other name inside', 'BUNDLE_ENTRY_UNSUPPORTED', {
    name: `${app}/a`,
    body: 'x',
    local: { name: `${app}/b` },
  }),
  zipped('other method inside', 'BUNDLE_ENTRY_UNSUPPORTED', {
    name: `${app}/a`,
    body: 'x',
    local: { method: 0 },
  }),
  zipped('other size inside', 'BUNDLE_ENTRY_UNSUPPORTED', {
    name: `${app}/a`,
    body: 'x',
    local: { size: 2 },
  }),
];

const damage: Case[] = [
  { what: 'nothing', code: 'BUNDLE_NOT_ARCHIVE', bytes: () => Buffer.alloc(0) },
  { what: 'one byte', code: 'BUNDLE_NOT_ARCHIVE', bytes: () => Buffer.from([0x1f]) },
  { what: 'text', code: 'BUNDLE_NOT_ARCHIVE', bytes: () => Buffer.from('<html>502 Bad Gateway</html>') },
  { what: 'a bare tar', code: 'BUNDLE_NOT_ARCHIVE', bytes: () => tarball(file('X.app/a')) },
  {
    what: 'stray bytes in front',
    code: 'BUNDLE_NOT_ARCHIVE',
    bytes: () => Buffer.concat([Buffer.alloc(12), good()]),
  },
  { what: 'gzip of nothing', code: 'BUNDLE_CORRUPT', bytes: () => gzipSync('') },
  { what: 'gzip of text', code: 'BUNDLE_CORRUPT', bytes: () => gzipSync('x'.repeat(2000)) },
  tar('wrong header checksum', 'BUNDLE_CORRUPT', { name: 'X.app/a', badChecksum: true }),
  { what: 'tar: no end marker', code: 'BUNDLE_CORRUPT', bytes: () => gzipSync(tarPart(file('X.app/a'))) },
  {
    what: 'tar: cut inside a file',
    code: 'BUNDLE_CORRUPT',
    bytes: () => gzipSync(tarPart(file('X.app/a')).subarray(0, 513)),
  },
  {
    what: 'tar: second archive behind the end',
    code: 'BUNDLE_CORRUPT',
    bytes: () => gzipSync(Buffer.concat([tarball(file('X.app/a')), tarball(file('../b'))])),
  },
  tar(
    'pax record with a wrong length',
    'BUNDLE_CORRUPT',
    { type: 'x', body: '99 path=X.app/b\n' },
    file('X.app/a'),
  ),
  tar('pax record without =', 'BUNDLE_CORRUPT', { type: 'x', body: '8 path/\n' }, file('X.app/a')),
  tar('extended header with nothing behind', 'BUNDLE_CORRUPT', file('X.app/a'), gnuLong('L', 'X.app/b')),
  {
    what: 'gzip: text behind zeros',
    code: 'BUNDLE_CORRUPT',
    bytes: () => Buffer.concat([good(), Buffer.alloc(600_000), Buffer.from('x')]),
  },
  {
    what: 'gzip: zeros behind text',
    code: 'BUNDLE_CORRUPT',
    bytes: () => Buffer.concat([good(), Buffer.from('x'), Buffer.alloc(600_000)]),
  },
  {
    what: 'gzip: text behind',
    code: 'BUNDLE_CORRUPT',
    bytes: () => Buffer.concat([good(), Buffer.from('tail')]),
  },
  { what: 'gzip: wrong checksum', code: 'BUNDLE_CORRUPT', bytes: () => flipped(good(), -6) },
  { what: 'gzip: wrong length', code: 'BUNDLE_CORRUPT', bytes: () => flipped(good(), -1) },
  {
    what: 'zip: no end record',
    code: 'BUNDLE_CORRUPT',
    bytes: () => zip([{ name: `${app}/a`, body: 'x' }]).subarray(0, -1),
  },
  {
    what: 'zip: bytes behind',
    code: 'BUNDLE_CORRUPT',
    bytes: () => zip([{ name: `${app}/a` }], { behind: Buffer.from('x') }),
  },
  {
    what: 'zip: bytes behind zeros',
    code: 'BUNDLE_CORRUPT',
    bytes: () =>
      zip([{ name: `${app}/a` }], { behind: Buffer.concat([Buffer.alloc(100_000), Buffer.from('x')]) }),
  },
  {
    what: 'zip: fewer counted than listed',
    code: 'BUNDLE_CORRUPT',
    bytes: () => zip([{ name: `${app}/a` }, { name: `${app}/b` }], { entryCount: 1 }),
  },
  {
    what: 'zip: more counted than listed',
    code: 'BUNDLE_CORRUPT',
    bytes: () => zip([{ name: `${app}/a` }], { entryCount: 2 }),
  },
  zipped('wrong checksum', 'BUNDLE_CORRUPT', { name: `${app}/a`, body: 'x', crc: 1 }),
  zipped('damaged data', 'BUNDLE_CORRUPT', {
    name: `${app}/a`,
    body: 'x',
    packed: Buffer.from('\xff\xff', 'latin1'),
  }),
  zipped('more data than declared', 'BUNDLE_CORRUPT', { name: `${app}/a`, body: 'xyz', declaredSize: 2 }),
  zipped('less data than declared', 'BUNDLE_CORRUPT', { name: `${app}/a`, body: 'xyz', declaredSize: 4 }),
  zipped('bytes behind the deflated data', 'BUNDLE_CORRUPT', {
    name: `${app}/a`,
    body: 'x',
    packed: Buffer.concat([deflateRawSync('x'), Buffer.alloc(9)]),
  }),
  zipped(
    'two entries of the same bytes',
    'BUNDLE_ENTRY_UNSUPPORTED',
    { name: `${app}/a`, body: 'x' },
    { name: `${app}/b`, body: 'x', shareWith: 0 },
  ),
  { what: 'zip: overlapping entries', code: 'BUNDLE_CORRUPT', bytes: overlapping },
];

const sizes: Case[] = [
  {
    ...tar('one file too large', 'BUNDLE_TOO_LARGE', { size: 5000, body: 'x' }),
    limits: { maxUnpackedBytes: 4000 },
  },
  { ...tar('all files too large', 'BUNDLE_TOO_LARGE', ...many(20)), limits: { maxUnpackedBytes: 4000 } },
  { ...tar('too many entries', 'BUNDLE_TOO_LARGE', ...many(20)), limits: { maxEntries: 19 } },
  { ...tar('names too long in total', 'BUNDLE_TOO_LARGE', ...many(20)), limits: { maxTotalPathBytes: 100 } },
  {
    ...tar('too many implied folders', 'BUNDLE_TOO_LARGE', file('X.app/a/b/c/d/e')),
    limits: { maxEntries: 5 },
  },
  {
    ...tar('endless extended headers', 'BUNDLE_TOO_LARGE', ...comments(20)),
    limits: { maxExtendedHeaders: 10 },
  },
  {
    ...tar('extended headers of endless length', 'BUNDLE_TOO_LARGE', ...comments(20)),
    limits: { maxExtendedHeaderBytes: 100 },
  },
  {
    ...tar('endless volume labels', 'BUNDLE_TOO_LARGE', ...Array(20).fill({ name: 'label', type: 'V' })),
    limits: { maxExtendedHeaders: 10 },
  },
  { ...tar('archive too large', 'BUNDLE_TOO_LARGE', file('X.app/a')), limits: { maxArchiveBytes: 50 } },
  {
    ...tar('bomb', 'BUNDLE_TOO_LARGE', { body: Buffer.alloc(2_000_000) }),
    limits: { ratioFloorBytes: 1_000_000 },
  },
  {
    what: 'tar: bomb behind the end',
    code: 'BUNDLE_TOO_LARGE',
    bytes: () => gzipSync(Buffer.concat([tarball(file('X.app/a')), Buffer.alloc(2_000_000)])),
    limits: { ratioFloorBytes: 1_000_000 },
  },
  {
    ...tar(
      'size beyond all numbers',
      'BUNDLE_TOO_LARGE',
      paxHeader({ size: '999999999999999' }),
      file('X.app/a'),
    ),
  },
  {
    ...zipped('bomb', 'BUNDLE_TOO_LARGE', { name: `${app}/a`, body: Buffer.alloc(2_000_000) }),
    limits: { ratioFloorBytes: 1_000_000 },
  },
  {
    ...zipped('too large', 'BUNDLE_TOO_LARGE', { name: `${app}/a`, body: 'xyz' }),
    limits: { maxUnpackedBytes: 2 },
  },
  {
    ...zipped('too many entries', 'BUNDLE_TOO_LARGE', { name: `${app}/a` }, { name: `${app}/b` }),
    limits: { maxEntries: 3 },
  },
  {
    ...zipped('too many ignored entries', 'BUNDLE_TOO_LARGE', { name: '__MACOSX/a' }, { name: '__MACOSX/b' }),
    limits: { maxEntries: 1 },
  },
];

function good(): Buffer {
  return tarGz(file('X.app/a'));
}

function many(count: number): TarPart[] {
  return Array.from({ length: count }, (_, i) => file(`X.app/${i}`));
}

function comments(count: number): TarPart[] {
  return Array.from({ length: count }, () => paxHeader({ comment: 'x' }));
}

function tangle(): TarPart[] {
  const target = `${'a/../'.repeat(15)}b`;
  return Array.from({ length: 60_000 }, (_, i) => link(`X.app/${i}`, target));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const position = at < 0 ? copy.length + at : at;
  copy[position] = (copy[position] ?? 0) ^ 0x10;
  return copy;
}

function latin1Name(): Buffer {
  const part = tarPart({ name: 'X.app/e', body: 'x' });
  // 0xe9 is no UTF-8; the checksum moves by as much as the byte does
  part[6] = 0xe9;
  part.write(`${(0o7777).toString(8)}`, 148, 0);
  const sum = part.reduce((total, byte, i) => total + (i < 512 ? (i >= 148 && i < 156 ? 32 : byte) : 0), 0);
  part.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([part, Buffer.alloc(1024)]);
}

function unicodePath(name: string): Buffer {
  const data = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** The data of the first entry contains the second entry, header and all. */
function overlapping(): Buffer {
  const inner = zip([{ name: `${app}/b`, body: 'inner', method: 0 }]);
  const local = inner.subarray(0, 30 + `${app}/b`.length + 5);
  const outer = zip([
    { name: `${app}/a`, body: local, method: 0 },
    { name: `${app}/b`, body: 'inner', method: 0 },
  ]);
  const innerOffset = 30 + `${app}/a`.length;
  const secondRecord = outer.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  outer.writeUInt32LE(innerOffset, secondRecord + 42);
  return outer;
}

describe.each([
  ['paths', paths],
  ['names that collide', collisions],
  ['links', links],
  ['kinds of entries', kinds],
  ['damage', damage],
  ['sizes', sizes],
])('hostile archives: %s', (_, cases) => {
  test.each(cases.map((hostile) => [hostile.what, hostile] as const))('%s', async (_what, hostile) => {
    const openBefore = await openFileCount();
    const options = {
      spoolDir: sandbox.spool,
      signal: new AbortController().signal,
      limits: hostile.limits ?? {},
    };
    const unpacking = unpackBundle(inPieces(hostile.bytes(sandbox.root), 1000), sandbox.dest, options);

    await expect(unpacking).rejects.toMatchObject({ code: hostile.code });
    expect(await sandbox.strays()).toEqual([]);
    // whatever was written before the refusal, no link is among it
    expect((await listTree(sandbox.dest)).filter(({ type }) => type === 'symlink')).toEqual([]);
    expect(await openFileCount()).toBe(openBefore);
  });
});

test('errors name the entry, quoted and shortened, and no path of this host', async () => {
  const options = { spoolDir: sandbox.spool, signal: new AbortController().signal };
  const bytes = tarGz(file('X.app/evil\u001b[31m'));
  const error = await unpackBundle(inPieces(bytes), sandbox.dest, options).catch((caught) => caught);
  expect(error.message).toContain('"X.app/evil\\u001b[31m"');
  expect(error.message).not.toContain(sandbox.root);
});
