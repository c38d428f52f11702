import { expect, test } from 'vitest';
import { pathPattern } from '../../src/formats/code-signature/path-pattern.ts';
import { PatternBudget } from '../../src/formats/code-signature/path-pattern-budget.ts';
import { seededNumbers } from '../helpers/signed-bundles.ts';

const paths = Array.from(
  { length: 30_000 },
  (_, index) => `Contents/Resources/en.lproj/Localizable-${index}.strings`,
);
const outcome = (patterns: readonly string[], given: readonly string[]): string => {
  const budget = new PatternBudget();
  const rules = patterns.map((pattern) => pathPattern(pattern, budget));
  try {
    return String(given.filter((path) => rules.map((matches) => matches(path)).every(Boolean)).length);
  } catch (error) {
    return (error as { failure: { reason: string } }).failure.reason;
  }
};

test('an unusual pattern may be used for very many files', () => {
  expect(outcome(['^Contents/(Resources|Other)/.*-[0-9]*7\\.strings$'], paths)).toBe('3000');
});

test('patterns that are in many places at once are given up', () => {
  const hostile = Array.from({ length: 50 }, (_, index) => `(.?){${200 + index}}x(a|b|c|.)*y{3,}$`);
  expect(outcome(hostile, paths)).toBe('Its rules take too long to apply.');
});

test('paths that never come to a state a second time are given up as well', () => {
  const letters = seededNumbers(7);
  const random = Array.from({ length: 500 }, () =>
    Array.from({ length: 200 }, () => 'ab'[letters(2)]).join(''),
  );
  expect(outcome(['a(a|b){120}c$'], random)).toBe('Its rules take too long to apply.');
});
