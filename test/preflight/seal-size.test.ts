import { describe, expect, test } from 'vitest';
import type { Context } from '../../src/preflight/input.ts';
import { sealSizeFindings } from '../../src/preflight/seal-size.ts';

const numbered = (count: number, folder: string): string[] =>
  Array.from({ length: count }, (_, index) => `${folder}/${index}`);

const findingsFor = (files: readonly string[], nested: readonly string[] = []) =>
  sealSizeFindings({
    survey: { files: new Set(files), nested: nested.map((path) => ({ path })) },
  } as unknown as Context);

/** 100 characters. */
const LONG = 'n'.repeat(100);

describe('a bundle of more files than a seal can name', () => {
  test.each([
    ['a macOS app', numbered(90_000, `Contents/Resources/${LONG}`), [], 'The app has 90000 files'],
    ['an iOS app', numbered(90_000, LONG), [], 'The app has 90000 files'],
    ['short paths, and more of them', numbered(170_000, 'r'), [], 'The app has 170000 files'],
    [
      'a nested bundle',
      numbered(90_000, `Contents/Frameworks/A.framework/Versions/A/Resources/${LONG}`),
      ['Contents/Frameworks/A.framework/Versions/A'],
      'A.framework',
    ],
  ])('is refused: %s', (_, files, nested, words) => {
    const [finding, ...more] = findingsFor(files, nested);
    expect(finding).toMatchObject({ code: 'BUNDLE_TOO_LARGE', severity: 'error' });
    expect(finding?.summary).toContain(words);
    expect(more).toEqual([]);
  });

  test.each([
    ['100,000 files', numbered(100_000, 'Contents/Resources/many'), []],
    [
      'as many files, half of them in a bundle with a seal of its own',
      [...numbered(60_000, LONG), ...numbered(60_000, `Frameworks/A.framework/${LONG}`)],
      ['Frameworks/A.framework'],
    ],
  ])('is taken: %s', (_, files, nested) => {
    expect(findingsFor(files, nested)).toEqual([]);
  });
});
