import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forAudience } from '../../machines/contracts/wording.ts';
import { type FailureCode, failureCodes, ShipError } from '../../src/errors.ts';

const root = join(import.meta.dirname, '../..');

test.each(Object.keys(failureCodes) as FailureCode[])(
  '%s says why, also when what was to say it has no words',
  (code) => {
    const silences = ['', '  ', { hub: '', terminal: 'It is so.' }, { hub: 'It is so.', terminal: '' }];
    for (const reason of silences) {
      const { failure } = new ShipError(code, { summary: 'It failed.', reason, nextStep: 'Mend it.' });
      for (const audience of ['hub', 'terminal'] as const)
        for (const sentence of ['summary', 'reason', 'nextStep'] as const)
          expect(forAudience(failure, audience)[sentence]).toMatch(/\S.*\.$/s);
    }
  },
);

test('no failure is written down without its sentences', async () => {
  const folders = ['src', 'machines'].map((name) => join(root, name));
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const empty: string[] = [];
  for (const file of names.flat().filter((name) => name.endsWith('.ts')))
    if (/\b(?:summary|reason|nextStep):? ?=? ?(?:''|""|``)\s*[,;)}]/.test(await readFile(file, 'utf8')))
      empty.push(file);
  // what it prints is a line, not a failure
  expect(empty).toEqual([join(root, 'src/run/steps/preflight.ts')]);
});
