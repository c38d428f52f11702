import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Words that mean nothing to a person who runs `perry-ship sign` or `check`. */
const FOREIGN =
  /\bapple_(?:team|key|issuer|p8|certificate|signing|notarize|installer)_|provisioning_profile_base64|\b[Tt]he projects?\b|\b(?:[Tt]he|[Aa]|[Tt]his) hub\b|\b[Ss]end the job\b|\b(?:of|for) (?:the|this) job\b|\b[Tt]he job(?:'s)? (?:has|is|asks|was|cannot)\b|\bsender\b|\boperator\b|\b(?:[Tt]he|[Tt]his|signing) worker\b|\bassignment\b|\bmanifest of\b|PERRY_(?:STORE_)?TIMESTAMP_URL/;

/** What only the daemon says: to its operator, to the hub, and by the commands that talk to it. */
const DAEMON_ONLY =
  /^src\/(?:embedded-hub|daemon|control|doctor|service|demo|observability|history|config|page|metrics|alarms)\/|^src\/adapters\/hub\/|^src\/actors\/(?:hub|supervisor|interrupted)|^src\/cli\/(?:run|status|jobs?|drain|pause|alarms|cancel|service|doctor|demo|perry-ship)\.ts$|^machines\/(?:supervisor|hub-connection|interrupted-jobs|vm-pool|alarm|alarm-delivery|alarm-watch)\//;
/** Where the words of each reader stand, and what the codes mean to everybody. */
const WORDS = [
  'src/words.ts',
  'machines/contracts/wording.ts',
  'src/failure-codes.ts',
  'src/machine-failure-codes.ts',
  'src/failure-actions.ts',
];
/** Sentences that are told to the hub alone, or to nobody. */
const HUB_ONLY: Readonly<Record<string, RegExp>> = {
  'src/files/archive/not-an-archive.ts': /^What the hub|^The hub delivered|operator of the hub/,
  'src/files/archive/refusals.ts': /^The hub delivered|operator of the hub/,
  'machines/sign-job/failures.ts':
    /shutting down|Its operator|^The hub gave|^It did not hand|^Nothing is|^The hub does not|^It refused/,
  'src/domain/credentials/schema.ts': /./,
};

async function sentences(): Promise<readonly (readonly [file: string, text: string])[]> {
  const names = await Promise.all(
    ['src', 'machines'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const files = names.flat().filter((name) => /\.tsx?$/.test(name) && !DAEMON_ONLY.test(name));
  const texts = await Promise.all(
    files
      .filter((file) => !WORDS.includes(file))
      .map(async (file) => {
        const literals = literalsOf(await readFile(join(root, file), 'utf8'));
        const exempt = HUB_ONLY[file];
        return literals.filter((text) => !exempt?.test(text)).map((text) => [file, text] as const);
      }),
  );
  return texts.flat();
}

/** The text in quotes, without what stands in `${}`; comments and descriptions of states are no speech. */
function literalsOf(source: string): string[] {
  const code = source
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/description:\s*(?:'[^'\n]*'|"[^"\n]*")/g, '')
    .replace(/throw new Error\([^\n]*\);/g, '');
  const found = code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g);
  return [...found].map(([, single, double, template]) =>
    (single ?? double ?? template ?? '').replace(/\$\{[^{}]*\}/g, '…'),
  );
}

test('no sentence that sign or check can say speaks of the hub, its projects or its credentials', async () => {
  const foreign = (await sentences()).filter(([, text]) => / /.test(text) && FOREIGN.test(text));
  expect(foreign, 'write it for both readers, or take the word from src/words.ts').toEqual([]);
});
