import { expect, test } from 'vitest';
import { cutPath } from '../../src/adapters/guest/cut-path.ts';

test.each([
  ['an absolute path', '/work/My.app', 'in /work/My.app/Contents: no', 'in My.app/Contents: no'],
  ['a home before it', 'job/My.app', 'error: /Users/me/job/My.app/a', 'error: My.app/a'],
  ['a name with a blank', 'job/My App.app', '"/Users/me/job/My App.app"', '"My App.app"'],
  ['twice in one line', 'job/A', '/h/job/A and /h/job/A:/h/job/A', 'A and A:A'],
  ['no home', 'job/A', 'cannot open job/A', 'cannot open A'],
  ['a colon ends a word', 'job/A', '/x:/h/job/A', '/x:A'],
])('%s', (_, path, text, expected) => {
  expect(cutPath(path)(text)).toBe(expected);
});

test('a text of nothing but slashes is passed once', () => {
  const slashes = '/'.repeat(1024 * 1024);
  expect(cutPath('job/My.app')(slashes)).toBe(slashes);
  expect(cutPath('a')(`${slashes}a`)).toBe('a');
});
