import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseVmName, printVmName } from '../../src/domain/vm-name.ts';

const runId = '3f2a6c1e-0d4b-4b7e-9a51-0c9d8e7f6a5b';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

test('what is printed is read back, and is a name that Tart and a host name take', () => {
  fc.assert(
    fc.property(hex(8), fc.uuid(), (instance, uuid) => {
      const name = printVmName({ instance, runId: uuid });
      expect(parseVmName(name)).toEqual({ instance, runId: uuid });
      expect(name).toMatch(/^[a-z0-9-]{1,63}$/);
    }),
  );
});

test.each([
  '',
  'golden',
  'perry-ship',
  `perry-ship-c0ffee00-${runId}x`,
  `x-perry-ship-c0ffee00-${runId}`,
  `perry-ship-C0FFEE00-${runId}`,
  `perry-ship-c0ffee0-${runId}`,
  `perry-ship-c0ffee00-${runId}\n`,
  `perry-ship-c0ffee00-../../${runId.slice(6)}`,
  `../perry-ship-c0ffee00-${runId}`,
])('%j is somebody else’s', (name) => {
  expect(parseVmName(name)).toBeUndefined();
});

test.each([
  { instance: 'c0ffee0', runId },
  { instance: 'c0ffee00', runId: '1' },
  { instance: 'c0ffee00', runId: runId.toUpperCase() },
  { instance: '../../..', runId },
])('%j cannot be printed', (parts) => {
  expect(() => printVmName(parts)).toThrow(expect.objectContaining({ code: 'INTERNAL_ERROR' }));
});
