import { join } from 'node:path';
import { check } from 'recheck';
import { describe, expect, test } from 'vitest';
import { collect, type Expression, expressionsIn } from './expressions.ts';

const { literals, hidden } = await expressionsIn(join(import.meta.dirname, '../..'), ['src', 'machines']);

/** Something in it may repeat without end, or a group very often; what cannot has a constant bound that is small. */
const repeats = ({ source }: Pick<Expression, 'source'>): boolean => /[*+]|\{\d+,\}|\)\{\d+,/.test(source);

/** Tried from the start of the text alone, and with one run of characters: the engine goes back over it once. */
const isOneRun = ({ source, flags }: Pick<Expression, 'source' | 'flags'>): boolean =>
  source.startsWith('^') &&
  !flags.includes('m') &&
  !source.includes('|') &&
  source.match(/[*+?{]/g)?.length === 1 &&
  !/\)[*+{]/.test(source);

/**
 * What recheck finds out by building the automaton of an expression (no clock is involved): whether some text makes
 * the engine of JavaScript, which goes back, take longer than in proportion to the length of the text.
 */
async function judge({ source, flags }: Pick<Expression, 'source' | 'flags'>): Promise<string> {
  const found = await check(source, flags, { checker: 'automaton', timeout: null });
  if (found.status === 'unknown') return `cannot be judged (${found.error.kind})`;
  return found.status === 'safe' ? 'linear' : found.complexity.summary;
}

const inPlaces = new Map<string, Expression & { readonly places: string[] }>();
for (const each of literals.filter((each) => repeats(each) && !isOneRun(each))) {
  const key = `/${each.source}/${each.flags}`;
  const known = inPlaces.get(key);
  if (known) known.places.push(each.place);
  else inPlaces.set(key, { ...each, places: [each.place] });
}

describe('every regular expression takes time in proportion to the text', () => {
  test('they are found by parsing', () => {
    expect(literals.length).toBeGreaterThan(200);
    expect(literals.map(({ place }) => place.split(':')[0])).toContain('src/text.ts');
  });

  test('none is built while the program runs or hidden in a library, where no test could look at it', () => {
    expect(hidden).toEqual([]);
  });

  test('none can be made to go back and forth', { timeout: 600_000 }, async () => {
    const judged = [...inPlaces].map(async ([key, { places, ...expression }]) => {
      const verdict = await judge(expression);
      return verdict === 'linear' ? [] : [`${places.join(', ')}: ${key} ${verdict}`];
    });
    const slow = (await Promise.all(judged)).flat();
    expect(slow, 'rewrite them, for example with src/text.ts').toEqual([]);
  });
});

describe('the judge itself', () => {
  test.each([
    ['^Error: (.+)$', '', true],
    ['^Error: (.+)$', 'm', false],
    ['^a|b.+$', '', false],
    ['^(a+)+$', '', false],
    ['a+$', '', false],
  ])('%s with the flags "%s": one run from the start is %s', (source, flags, verdict) => {
    expect(isOneRun({ source, flags })).toBe(verdict);
  });

  test.each([
    ['a run at the end', '\\s+$', '', '2nd degree polynomial'],
    ['two runs in a row', '^\\d+\\.?\\d*$', '', '2nd degree polynomial'],
    ['a run inside of a run', '^(a+)+$', '', 'exponential'],
    ['a distance between two words', 'from .* to', '', '2nd degree polynomial'],
    ['a single run', '\\s+', 'g', 'linear'],
    ['a word and the rest', '^Error: (.+)$', '', 'linear'],
  ])('%s', async (_, source, flags, verdict) => {
    expect(await judge({ source, flags })).toBe(verdict);
  });

  test('expressions in templates, types and comments are told apart', () => {
    const found = { literals: [] as Expression[], hidden: [] as string[] };
    const text = 'const a = `$' + '{/x+/.source}`; // /no+/\nconst b = 4 / 2 / 1;\nnew RegExp(a);';
    collect('x.ts', text, found);
    expect(found).toEqual({
      literals: [{ source: 'x+', flags: '', place: 'x.ts:1' }],
      hidden: ['x.ts:3'],
    });
  });
});
