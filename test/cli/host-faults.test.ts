import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toFailure } from '../../machines/contracts/failure.ts';
import { failureCodes, ShipError } from '../../src/errors.ts';
import { packageRoot } from '../../src/package-root.ts';
import { tarGz } from '../helpers/archives.ts';
import { makeMacApp } from '../helpers/bundles.ts';
import { startCli } from '../integration/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-host-faults-'));
  await makeMacApp(folder);
  await writeFile(join(folder, 'file'), '');
  await writeFile(join(folder, 'app.tar.gz'), tarGz({ name: 'X.app/Contents/Info.plist', body: 'x' }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const system = (code: string, cause?: unknown): Error =>
  Object.assign(new Error(code, { cause }), { code, syscall: 'write' });

describe('a full disk', () => {
  const full = {
    'met by us': system('ENOSPC'),
    'that is a quota': system('EDQUOT'),
    'behind another error': new Error('a stream ended', { cause: system('ENOSPC') }),
    'behind an error of the system': system('EPIPE', system('EDQUOT')),
  };
  test.each(Object.entries(full))('%s is for the operator to fix', (_, error) => {
    const { kind, retryable } = failureCodes.DISK_FULL;
    expect(toFailure(error)).toMatchObject({ code: 'DISK_FULL', kind, retryable });
  });

  test.each(['EROFS', 'EIO', 'EACCES', 'EPERM'])('that refuses with %s is so as well', (code) => {
    const refused = Object.assign(new Error(code), { code, syscall: 'mkdir', path: '/state/runs' });
    const { kind, retryable } = failureCodes.DISK_REFUSED;
    for (const error of [refused, new Error('a stream ended', { cause: refused })])
      expect(toFailure(error)).toMatchObject({ code: 'DISK_REFUSED', kind, retryable });
    expect(JSON.stringify(toFailure(refused))).not.toContain('/state/runs');
  });

  test('is not what every other error is', () => {
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    for (const thrown of [system('EAGAIN'), new Error('ENOSPC'), circle, 'ENOSPC', undefined, null])
      expect(toFailure(thrown).code).toBe('INTERNAL_ERROR');
    const own = new ShipError('VM_DISK_FULL', {
      summary: 's',
      reason: 'r',
      nextStep: 'n',
      cause: system('ENOSPC'),
    });
    expect(toFailure(own).code).toBe('VM_DISK_FULL');
  });
});

test.runIf(existsSync('/dev/full')).each([['explain'], ['explain', '--json'], ['help']])(
  '%s %s into a full file ends with 69 and no stack',
  (...words) => {
    const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
    const output = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], {
      stdio: ['ignore', output, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(output);
    expect(stderr).toMatch(/^perry-ship: DISK_FULL: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(69);
  },
);

describe.each([
  ['that is missing', 'nowhere/at/all'],
  ['that is a file', 'file'],
])('a folder for temporary files %s is named', (_, place) => {
  test.each([
    ['check', 'Hello.app'],
    ['check', 'app.tar.gz'],
    ['sign', 'Hello.app'],
    ['verify', 'app.tar.gz'],
  ])('by %s %s, with 78', async (...words) => {
    const [command = '', bundle = ''] = words;
    const cli = startCli({ TMPDIR: join(folder, place) }, command, join(folder, bundle));
    expect(await cli.ended, cli.lines.join('\n')).toBe(78);
    expect(cli.lines.join('\n')).toMatch(/CONFIG_INVALID: .*TMPDIR.* Set TMPDIR to a folder/);
  });
});
