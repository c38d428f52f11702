import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { type AnyStateMachine, StateMachine } from 'xstate';
import { allNodes } from '../machines/config-facts.ts';

const root = join(import.meta.dirname, '../..');

/** Pictures for which the field has a word of its own: see the glossary in `machines/README.md`. */
const FORBIDDEN = ['desk', 'letter', 'drawer', 'life', 'breath', 'chatter', 'premises', 'silence', 'blinded'];
/** A job takes a slot; a place is where a file lies. */
const FORBIDDEN_STATES = [...FORBIDDEN, 'place'];

/** Still called by the old word; whoever renames one takes it out here. */
const NOT_YET_RENAMED: readonly string[] = [];

/** `hub-letters.ts` and `waitingForPlace` are the words that they are made of, each in the singular. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .flatMap((word) => [word, word.replace(/s$/, ''), word.replace(/ves$/, 'fe')]);

const speaksOf = (name: string, forbidden: readonly string[]): boolean =>
  wordsOf(name).some((word) => forbidden.includes(word));

async function filesBelow(folders: readonly string[]): Promise<string[]> {
  const names = folders.map(async (folder) =>
    (await readdir(join(root, folder), { recursive: true })).map((name) => `${folder}/${name}`),
  );
  return (await Promise.all(names)).flat().filter((name) => /\.tsx?$/.test(name));
}

test('no file is named by a picture', async () => {
  const files = await filesBelow(['src', 'machines', 'test', 'visualizations']);
  const found = files.filter((file) => speaksOf(basename(file), FORBIDDEN)).sort();
  expect(found, 'rename it, or take the exception out').toEqual(NOT_YET_RENAMED);
});

test('no state is named by a picture', async () => {
  const files = (await filesBelow(['machines'])).filter((file) => file.endsWith('machine.ts'));
  const modules = await Promise.all(files.map((file) => import(join(root, file)) as Promise<object>));
  const machines = modules
    .flatMap((each) => Object.values(each))
    .filter((each): each is AnyStateMachine => each instanceof StateMachine);
  const states = machines.flatMap((machine) => allNodes(machine).map(({ id }) => id));
  expect(states.length).toBeGreaterThan(100);
  const found = states.filter((id) => speaksOf(id, FORBIDDEN_STATES)).sort();
  expect(found).toEqual([]);
});

test.each([
  ['soak-lives.ts', true],
  ['hub-letters.ts', true],
  ['serving.places.open', true],
  ['vm-lifecycle.ts', false],
  ['replaced', false],
])('%s speaks in pictures: %s', (name, verdict) => {
  expect(speaksOf(name, FORBIDDEN_STATES)).toBe(verdict);
});
