import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { withScene } from '../helpers/daemon.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-lies-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const DEBUGGING =
  '<plist version="1.0"><dict><key>com.apple.security.get-task-allow</key><true/></dict></plist>';
const PROGRAM = '"$target/Contents/MacOS/"*';

/** Shell around the real signing of the app, `real "$@"`. */
const aroundApp = (before: string, after = ''): string =>
  `case $target in *.app) ${before || ':'}; real "$@" || exit; ${after || ':'};; *) real "$@";; esac`;

const lies = {
  'changes code and signs it': aroundApp(
    `for file in ${PROGRAM}; do printf '\\220' | dd of="$file" bs=1 seek=7000 conv=notrunc 2>/dev/null; done`,
  ),
  'changes code after it was signed': aroundApp(
    '',
    `for file in ${PROGRAM}; do printf '\\220' | dd of="$file" bs=1 seek=7000 conv=notrunc 2>/dev/null; done`,
  ),
  'adds code': aroundApp(`for file in ${PROGRAM}; do cp "$file" "$file-more"; done`),
  'changes Info.plist': aroundApp(`echo '<!-- -->' >>"$target/Contents/Info.plist"`),
  'changes a resource': aroundApp(
    'for file in "$target/Contents/Resources/"*.icns; do echo more >>"$file"; done',
  ),
  'adds a resource': aroundApp('echo more >"$target/Contents/Resources/more.txt"'),
  'signs with other entitlements': aroundApp(`echo '${DEBUGGING}' >entitlements-0.xml`),
  'changes the disk image': `case $target in
*.dmg) printf 'x' | dd of="$target" bs=1 seek=100 conv=notrunc 2>/dev/null;; esac; real "$@"`,
  'hides a resource while it signs': aroundApp('rm "$target/Contents/Resources/"*.icns'),
  'says that it signed years ago': `case $target in *.app) real "$@" --signing-time 2001-01-01T00:00:00Z;; *) real "$@";; esac`,
  'says that it will sign the disk image': `case $target in *.dmg) real "$@" --signing-time 2099-01-01T00:00:00Z;; *) real "$@";; esac`,
  'takes away the seal': aroundApp('', 'rm -r "$target/Contents/_CodeSignature"'),
  'takes away a program': aroundApp('', `for file in ${PROGRAM}; do rm "$file" && cp /bin/sh "$file"; done`),
} as const;

describe('a machine that', () => {
  test.each(Object.entries(lies))('%s is found out, and nothing is delivered', (_, lie) =>
    withScene({ secrets: materials.secrets, startRun: inProcessRuns() }, async (scene) => {
      await scene.linked();
      await scene.lieWhenSigning(lie);
      const jobId = await scene.submit(materials.macJob());
      expect(await scene.completed(jobId)).toMatchObject({
        success: false,
        artifacts: [],
        error: expect.stringMatching(/^GUEST_OUTPUT_ALTERED: /),
      });
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
      expect(scene.hub.artifact(jobId)).toBeUndefined();
    }),
  );

  test('changes modes, unsealed files and files beside the app cannot reach what is delivered', () =>
    withScene({ secrets: materials.secrets, startRun: inProcessRuns() }, async (scene) => {
      await scene.linked();
      const after = [
        `chmod 4644 ${PROGRAM}`,
        'echo more >"$target/Contents/PkgInfo"',
        'echo more >"$target/Contents/.DS_Store"',
        'ln -s /etc/passwd "$target/Contents/link"',
      ];
      await scene.lieWhenSigning(aroundApp('', after.join('; ')));
      const jobId = await scene.submit(materials.macJob());
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      const out = join(folder, 'volume');
      const { signal } = new AbortController();
      const { entries } = await extractDmg(scene.hub.artifact(jobId)?.path ?? '', out, { signal });
      const named = (end: string) => entries.filter(({ path }) => path.endsWith(end));
      expect(named('.DS_Store').concat(named('/link'))).toEqual([]);
      expect(entries.filter(({ path, mode }) => /MacOS\/./.test(path) && mode !== 0o755)).toEqual([]);
      for (const { path } of named('/PkgInfo'))
        expect(await readFile(join(out, path), 'utf8')).not.toMatch(/more/);
    }));
});
