import { expect, test } from 'vitest';
import { guestQuestions } from '../../src/golden-image/check/questions.ts';

/** A guest that answers each command with little memory. */
const guestOf = (kind: string) =>
  ({
    driver: { kind, isolates: true },
    image: 'golden',
    address: { user: 'admin', host: 'guest', port: 22, hostKeyFingerprint: '' },
    bootMs: 1,
    session: { exec: async () => ({ stdout: '268435456\n2\n' }) },
  }) as never;

test.each([
  ['orchard', /^Raise PERRY_ORCHARD_MEMORY_MB\.$/],
  ['qemu', /^Raise PERRY_VM_MEMORY_MB\.$/],
  ['tart', /^Run: tart set 'golden' --memory 4096$/],
  ['local', /host/],
])('little memory with the driver %s is told with what sets it', async (kind, fix) => {
  const strong = guestQuestions(guestOf(kind)).find(({ question }) => question === 'How strong is it?');
  expect(await strong?.ask(new AbortController().signal)).toMatchObject({
    ...{ verdict: 'remark', evidence: '268 MB of memory, 2 processors', fix: expect.stringMatching(fix) },
  });
});
