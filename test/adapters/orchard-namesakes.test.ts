import { afterEach, expect, test } from 'vitest';
import type { Note } from '../../src/adapters/vm/driver.ts';
import { createOrchardDriver } from '../../src/adapters/vm/orchard/driver.ts';
import { createNamesakes } from '../../src/adapters/vm/orchard/namesakes.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { orchardDriver, orchardOptions } from '../orchard-emulator/driver.ts';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';

const MINUTE_MS = 60_000;
let nowMs = 0;
const begin = () => {
  nowMs = 0;
  return createNamesakes(() => nowMs);
};

test('machines of ours, and those that were there before, are no strangers', () => {
  const namesakes = begin();
  expect(namesakes.strangersAmong(['left'])).toEqual([]);
  nowMs = 4 * MINUTE_MS;
  expect(namesakes.strangersAmong(['left', 'late'])).toEqual([]);
  nowMs = 20 * MINUTE_MS;
  namesakes.expect('mine');
  expect(namesakes.strangersAmong(['left', 'late', 'mine'])).toEqual([]);
});

test('one that comes later and that nobody here has asked for is told, once', () => {
  const namesakes = begin();
  namesakes.strangersAmong([]);
  nowMs = 6 * MINUTE_MS;
  expect(namesakes.strangersAmong(['theirs'])).toEqual(['theirs']);
  expect(namesakes.strangersAmong(['theirs', 'more'])).toEqual(['more']);
});

test('one that is there for long is not forgotten, however many come and go', () => {
  const namesakes = begin();
  namesakes.expect('leaked');
  for (let count = 0; count < 20_000; count += 1) {
    namesakes.expect(`mine-${count}`);
    if (count % 100 === 0) expect(namesakes.strangersAmong(['leaked'])).toEqual([]);
  }
  nowMs = 60 * MINUTE_MS;
  expect(namesakes.strangersAmong(['leaked', 'mine-19999'])).toEqual([]);
  expect(namesakes.strangersAmong(['mine-0'])).toEqual(['mine-0']);
});

let host: OrchardHost;
afterEach(() => host?.remove());

test('two daemons of one identity: each is told of in the log of the other', async () => {
  host = await orchardHost({ tickMs: 30 });
  const notes: string[] = [];
  const note: Note = (level, text, facts) => void notes.push(JSON.stringify({ level, text, ...facts }));
  const first = createOrchardDriver(orchardOptions(host, { note }), begin());
  const second = orchardDriver(host);
  await first.room?.({ signal });
  const [mine, theirs] = [freshName(), freshName()];
  await Promise.all([first.clone('golden', mine, { signal }), second.clone('golden', theirs, { signal })]);
  expect(notes).toEqual([]);
  nowMs = 6 * MINUTE_MS;
  await first.room?.({ signal });
  expect(notes).toEqual([expect.stringMatching(/"level":"error".*identity of this one.*PERRY_STATE_DIR/)]);
  expect(notes[0]).toContain(theirs);
  expect(notes[0]).not.toContain(mine);
  for (const name of [mine, theirs]) await first.delete(name, { signal });
  await host.expectNothingLeft();
});
