import { expect, test } from 'vitest';
import type { FromRun, ToRun } from '../../src/run/channel/messages.ts';
import { runProcessLimits } from '../../src/run/host/limits.ts';
import type { EndCause, RunEnd, RunLink } from '../../src/run/host/link.ts';
import { RunHost } from '../../src/run/host/run-host.ts';
import { causeOf } from '../../src/run/host/run-process.ts';

/** A run whose part the test plays. */
function playedRun(limits: Partial<Record<keyof typeof runProcessLimits, number>> = {}) {
  const heard: ToRun[] = [];
  let say: (message: FromRun) => void = () => {};
  let finish: (end: RunEnd) => void = () => {};
  const ended = new Promise<RunEnd>((resolve) => {
    finish = resolve;
  });
  const link: RunLink = {
    listen: (listener) => {
      say = listener;
    },
    send: (message) => void heard.push(message),
    end: (cause) => finish({ cause, detail: {} }),
    ended,
    residentBytes: async () => 2 * 1_048_576,
  };
  const host = new RunHost(link, { limits: { ...runProcessLimits, ...limits }, onLog: () => {} });
  const breakDown = (cause: EndCause) => finish({ cause, detail: {} });
  return { host, heard, breakDown, ended, say: (message: FromRun) => say(message) };
}

const { signal } = new AbortController();
const step = { pass: 0, claim: null, toolchain: null };

test('answers a call with what the run says, if it has the right form', async () => {
  const { host, heard, say } = playedRun();
  const drawn = host.call('drawIcons', step, { signal });
  say({ type: 'done', id: 1, output: { hasCatalog: true, more: 'x' } });
  expect(await drawn).toEqual({ hasCatalog: true });
  expect(heard).toEqual([{ type: 'call', id: 1, port: 'drawIcons', input: step }]);
});

test('ends a run whose answer has a wrong form, and everything that waits for it', async () => {
  const { host, say, ended } = playedRun();
  const calls = [host.call('packageArtifact', step, { signal }), host.call('codesign', step, { signal })];
  say({ type: 'done', id: 1, output: { name: '../../etc/passwd', sizeBytes: 1, sha256Hex: 'ab' } });
  const settled = await Promise.allSettled(calls);
  expect(settled.map((each) => (each.status === 'rejected' ? each.reason.code : 'done'))).toEqual([
    'RUN_PROCESS_LOST',
    'RUN_PROCESS_LOST',
  ]);
  expect((await ended).cause).toBe('garbled');
});

test('an abort rejects at once, and is passed on; a step that does not stop ends the run', async () => {
  const { host, heard, ended } = playedRun({ abortGraceMs: 1 });
  const stopping = new AbortController();
  const call = host.call('codesign', step, { signal: stopping.signal });
  stopping.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  expect(heard.at(-1)).toEqual({ type: 'abort', id: 1 });
  expect((await ended).cause).toBe('unresponsive');
});

test.each([
  ['crash', 'RUN_PROCESS_LOST', 'defect'],
  ['flooded', 'RUN_PROCESS_LOST', 'defect'],
  ['killed', 'RUN_PROCESS_KILLED', 'host'],
  ['memory', 'RUN_OUT_OF_MEMORY', 'input'],
] as const)('a run that ends by %s: %s, which is for %s', async (cause, code, kind) => {
  const { host, breakDown } = playedRun();
  const call = host.call('codesign', step, { signal });
  breakDown(cause);
  await expect(call).rejects.toMatchObject({ failure: { code, kind } });
  expect((await host.lost).code).toBe(code);
  await expect(Promise.resolve().then(() => host.call('codesign', step, { signal }))).rejects.toMatchObject({
    code,
  });
});

test('is ended when it takes up more memory than it may', async () => {
  const { host, ended } = playedRun({ residentMib: 1 });
  await expect(host.measure(signal)).rejects.toMatchObject({ code: 'RUN_OUT_OF_MEMORY' });
  expect((await ended).cause).toBe('memory');
});

test.each([
  [{ exitCode: null, signal: 'SIGKILL' }, '', 'killed'],
  [{ exitCode: null, signal: 'SIGTERM' }, '', 'killed'],
  [{ exitCode: null, signal: 'SIGSEGV' }, '', 'crash'],
  [{ exitCode: 1, signal: null }, 'Error: x', 'crash'],
  [{ exitCode: 0, signal: null }, '', 'crash'],
  [
    { exitCode: null, signal: 'SIGABRT' },
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    'memory',
  ],
] as const)('%o, after "%s", is an end by %s', (end, stderr, cause) => {
  expect(causeOf(end, stderr)).toBe(cause);
});
