import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askPassword, type Terminal } from '../../src/cli/ask-password.ts';
import { JobDisplay } from '../../src/cli/job-display.ts';

function fakeTerminal() {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  const shown: string[] = [];
  const output = { write: (text: string) => shown.push(text) };
  return { terminal: { input, output } as unknown as Terminal, input, shown, raw };
}

const { signal } = new AbortController();

test('a password is read without being shown, with the keys that mend it', async () => {
  const { terminal, input, shown, raw } = fakeTerminal();
  const asked = askPassword('Password: ', terminal, signal);
  input.write('wrong\u0015s3cx\u007frét\r');
  expect(await asked).toBe('s3crét');
  expect(shown.join('')).toBe('Password: \n');
  expect(raw).toEqual([true, false]);
});

test('Ctrl-C and a signal end the question, and the terminal is as before', async () => {
  const first = fakeTerminal();
  const asked = askPassword('Password: ', first.terminal, signal);
  first.input.write('s3c\u0003');
  await expect(asked).rejects.toThrow('not answered');
  const second = fakeTerminal();
  const stopping = new AbortController();
  const other = askPassword('Password: ', second.terminal, stopping.signal);
  stopping.abort(new Error('stopped'));
  await expect(other).rejects.toThrow('stopped');
  for (const { raw, input } of [first, second]) {
    expect(raw).toEqual([true, false]);
    expect(input.listenerCount('data')).toBe(0);
  }
});

test('progress is a bar in its place on a terminal, and nothing elsewhere', () => {
  const show = (isTTY: boolean): string => {
    const written: string[] = [];
    const display = new JobDisplay({ write: (text: string) => written.push(text), isTTY });
    display.show({ kind: 'stage', stage: 'signing', message: 'Signing' });
    display.show({ kind: 'progress', stage: 'signing', percent: 50 });
    display.show({ kind: 'log', stage: 'signing', line: 'from the \u001b[2Jbundle' });
    display.end();
    return written.join('');
  };
  expect(show(false)).toBe('▸ Signing\n  from the \ufffd[2Jbundle\n');
  expect(show(true)).toBe(
    '▸ Signing\n  ████████████░░░░░░░░░░░░  50 %\r\u001b[K  from the \ufffd[2Jbundle\n',
  );
});

test('a stage that a waiting job repeats is shown once, and what was published is said', () => {
  const written: string[] = [];
  const display = new JobDisplay({ write: (text: string) => written.push(text) });
  const publishing = { kind: 'stage', stage: 'publishing', message: 'Uploading' } as const;
  display.show(publishing);
  display.show(publishing);
  display.show({ kind: 'published', platform: 'ios', message: 'App was uploaded' });
  expect(written.join('')).toBe('▸ Uploading\n✓ App was uploaded\n');
});
