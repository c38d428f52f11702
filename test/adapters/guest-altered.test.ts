import { expect, test } from 'vitest';
import { readingAltered } from '../../src/adapters/guest/altered.ts';
import { type FailureCode, ShipError } from '../../src/errors.ts';

const failing = (code: FailureCode) =>
  readingAltered('the disk image', async () => {
    throw new ShipError(code, {
      summary: 'It is damaged.',
      reason: 'It has no end.',
      nextStep: 'Make it again.',
    });
  });

test.each<FailureCode>(['DMG_CORRUPT', 'DMG_UNSUPPORTED', 'PACKAGE_CORRUPT', 'SIGNATURE_MALFORMED'])(
  'a file of a machine that cannot be read (%s) is blamed on the machine',
  async (code) => {
    await expect(failing(code)).rejects.toMatchObject({
      code: 'GUEST_OUTPUT_ALTERED',
      failure: { kind: 'host', reason: 'It has no end.' },
    });
  },
);

test('what has nothing to do with the file is told as it is', async () => {
  await expect(failing('SIGNED_FILE_UNREADABLE')).rejects.toMatchObject({ code: 'SIGNED_FILE_UNREADABLE' });
  await expect(readingAltered('the disk image', async () => 7)).resolves.toBe(7);
});
