import { expect, test } from 'vitest';
import { MAX_WAITING_JOBS } from '../../machines/supervisor/limits.ts';
import { createAdmission } from '../../src/actors/hub-admission.ts';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { createVault } from '../../src/run/vault.ts';

const SLOTS = 2;
const MiB = 1024 * 1024;

function begin() {
  const vault = createVault(createRedactor());
  const admission = createAdmission({ vault, config: { maxConcurrent: SLOTS } as never });
  /** As a frame is read: what it held goes on in the vault. */
  const read = (id: string, jobId: string, sizeBytes = 1) => {
    admission.leave(id);
    const urls = { tarballUrl: 'http://h/t', artifactUploadUrl: 'http://h/u' };
    const rest = { authToken: `token-${id}`, manifest: {}, credentials: {}, receivedAtMs: 0, sizeBytes };
    vault.put(id, { jobId, ...urls, ...rest });
  };
  return { vault, admission, read };
}

test('as many jobs come in as may run and wait, whether they were read or not', () => {
  const { vault, admission, read } = begin();
  const most = SLOTS + MAX_WAITING_JOBS;
  for (let n = 0; n < most; n += 1) {
    expect(admission.enter(`a${n}`, `j${n}`, 1)).toBeUndefined();
    if (n % 2 === 0) read(`a${n}`, `j${n}`);
  }
  expect(admission.enter('next', 'another', 1)).toMatchObject({ code: 'QUEUE_FULL', retryable: true });
  vault.settle(['a0']);
  expect(admission.enter('next', 'another', 1)).toBeUndefined();
  expect(admission.enter('last', 'one more', 1)).toMatchObject({ code: 'QUEUE_FULL' });
});

test('of large jobs fewer come in', () => {
  const { vault, admission, read } = begin();
  const taken = Array.from({ length: 100 }, (_, n) => admission.enter(`a${n}`, `j${n}`, MiB)).filter(
    (failure) => failure === undefined,
  );
  expect(taken).toHaveLength(64);
  for (let n = 0; n < 64; n += 1) read(`a${n}`, `j${n}`, MiB);
  expect(admission.enter('b', 'k', MiB)).toMatchObject({ code: 'QUEUE_FULL' });
  vault.dropSecrets('a7');
  expect(admission.enter('b', 'k', MiB)).toBeUndefined();
});

test('a job that is here is never refused: the next assignment brings its token', () => {
  const { admission, read } = begin();
  for (let n = 0; n < SLOTS + MAX_WAITING_JOBS; n += 1) admission.enter(`a${n}`, `j${n}`, MiB);
  expect(admission.enter('again', 'j0', 64 * MiB)).toBeUndefined();
  read('a0', 'j0');
  admission.leave('again');
  expect(admission.enter('and again', 'j0', 64 * MiB)).toBeUndefined();
});

test('an adopted assignment keeps its token alone', () => {
  const { vault, read } = begin();
  read('first', 'j', 10);
  read('second', 'j', 10);
  vault.adopt('second');
  expect(vault.assignment('second')).toBeUndefined();
  expect(vault.claim('second')).toMatchObject({ authToken: 'token-second' });
  expect([vault.heldBytes, vault.heldJobs, vault.holds('j')]).toEqual([10, 1, true]);
  vault.settle(['first']);
  expect([vault.heldBytes, vault.heldJobs, vault.holds('j')]).toEqual([0, 0, false]);
});
