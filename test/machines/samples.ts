import type { Failure } from '../../machines/contracts/failure.ts';

export const failure = (code: string, retryable = false): Failure => ({
  kind: 'host',
  code,
  summary: `sample ${code}.`,
  reason: '',
  nextStep: '',
  retryable,
});

export const address = { host: '127.0.0.1', port: 22, user: 'admin', hostKeyFingerprint: 'SHA256:x' };
