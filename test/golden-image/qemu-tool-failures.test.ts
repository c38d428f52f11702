import { expect, test } from 'vitest';
import { toolFailed } from '../../src/golden-image/qemu/tool-failures.ts';

const command = { file: 'mmdebstrap', args: [], env: {}, goodExitCodes: [0], purpose: 'installing Debian' };

test.each([
  ['W: Failed to fetch http://m/InRelease  Could not connect to m:80', 'IMAGE_BUILD_FAILED', '--mirror'],
  ["E: Temporary failure: Could not resolve 'deb.debian.org'", 'IMAGE_BUILD_FAILED', 'http_proxy'],
  [
    "E: The repository 'http://m bookwurm Release' does not have a Release file.",
    'IMAGE_BUILD_FAILED',
    '--suite',
  ],
  [
    'W: GPG error: the public key is not available: NO_PUBKEY 1',
    'IMAGE_BUILD_FAILED',
    'debian-archive-keyring',
  ],
  ["E: You don't have enough free space in /v/.", 'DISK_FULL', 'PERRY_IMAGE_DIR'],
  ['tar: x: Cannot write: No space left on device', 'DISK_FULL', 'PERRY_IMAGE_DIR'],
  ['E: something new', 'IMAGE_BUILD_FAILED', 'Correct what it names'],
])('%s', (line, code, advice) => {
  const error = toolFailed(command, 25, ['I: before', line, 'E: mmdebstrap failed to run']);
  expect(error.code).toBe(code);
  expect(error.message).toContain(line.replace(/\.$/, ''));
  expect(error.message).toContain(advice);
});

test('the program is named, not what it is run in; one that said nothing as well', () => {
  const wrapped = { ...command, file: 'unshare', args: ['--mount', 'mmdebstrap'] };
  expect(toolFailed(wrapped, null, []).message).toContain(
    'mmdebstrap ended with a signal and said: nothing.',
  );
});

test.each(['E: no such thing..', 'E: it ends here...', 'E: Unable to read 127.0.0.1:9:'])(
  '%s ends with one full stop',
  (line) => {
    expect(toolFailed(command, 25, [line]).message).toMatch(/said: E: [^.:]*[a-z0-9:.]*[a-z0-9]\. /);
    expect(toolFailed(command, 25, [line]).message).not.toMatch(/[.:]\. /);
  },
);
