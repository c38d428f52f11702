import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { shellCommand } from '../../src/adapters/guest/ssh/quote.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'perry-quote-')));
afterAll(() => rmSync(folder, { recursive: true }));

const sh = (command: string): string =>
  execFileSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' });

/** Anything but NUL; what has a meaning for a shell comes often. */
const word = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'\'"$`\\ \n\t*?[]{}~#&|;<>()!=-%'),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));

test('every word reaches the command as it is', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(sh(shellCommand(['printf', '%s\\0', 'x', ...words])).split('\0')).toEqual(['x', ...words, '']);
    }),
    { numRuns: 150 },
  );
});

test('so do variables', () => {
  fc.assert(
    fc.property(word, (value) => {
      expect(sh(shellCommand(['printenv', 'ODD'], { env: { ODD: value } }))).toBe(`${value}\n`);
    }),
    { numRuns: 50 },
  );
});

test.each(['-', '-P', "it's here", '~', '$HOME', 'a\nb'])('a folder may be named %j', (name) => {
  mkdirSync(join(folder, name), { recursive: true });
  expect(sh(shellCommand(['pwd', '-P'], { cwd: name }))).toBe(`${join(folder, name)}\n`);
  expect(sh(shellCommand(['pwd', '-P'], { cwd: join(folder, name) }))).toBe(`${join(folder, name)}\n`);
});

test('a folder and variables hold for one command only, and a missing folder stops it', () => {
  const line = `${shellCommand(['true'], { cwd: '/', env: { ODD: '1' } })} && pwd -P && echo "$ODD"`;
  expect(sh(line)).toBe(`${folder}\n\n`);
  expect(() => sh(shellCommand(['touch', 'made'], { cwd: 'missing' }))).toThrow();
});

test.each([
  [[], {}],
  [['a\0b'], {}],
  [['echo', 'a\0b'], {}],
  [['env'], { env: { 'A B': '1' } }],
  [['env'], { env: { 'A;touch x': '1' } }],
  [['pwd'], { cwd: '' }],
])('%j with %j is refused', (argv, options) => {
  expect(() => shellCommand(argv, options)).toThrow(expect.objectContaining({ code: 'INTERNAL_ERROR' }));
});
