import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askPassword, type Terminal } from '../../src/cli/ask-password.ts';
import { type DisplayOptions, JobDisplay } from '../../src/cli/job-display.ts';

function fakeTerminal() {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  const shown: string[] = [];
  const output = { write: (text: string) => shown.push(text) };
  return { terminal: { input, output } as unknown as Terminal, input, shown, raw };
}

const { signal } = new AbortController();

test('a password is read without being shown, with the keys that correct it', async () => {
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

/** A display on a clock that goes on by a second and a half at each look. */
function display(options: DisplayOptions = {}, isTTY = false) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const now = () => (clock.ms += 1_500);
  const shown = new JobDisplay({ write: (text: string) => written.push(text), isTTY }, { now, ...options });
  return { shown, text: () => written.join('') };
}

test('progress is a bar in its place on a terminal, and nothing elsewhere', () => {
  const show = (isTTY: boolean): string => {
    const { shown, text } = display({}, isTTY);
    shown.show({ kind: 'stage', stage: 'signing', message: 'Signing' });
    shown.show({ kind: 'progress', stage: 'signing', percent: 50 });
    shown.show({ kind: 'log', stage: 'signing', line: 'from the \u001b[2Jbundle' });
    shown.end();
    return text();
  };
  expect(show(false)).toBe('▸ Signing\n  from the \ufffd[2Jbundle\n');
  expect(show(true)).toBe(
    '▸ Signing\n  ████████████░░░░░░░░░░░░  50 %\r\u001b[K  from the \ufffd[2Jbundle\n',
  );
});

const STAGES = [
  { kind: 'stage', stage: 'signing', message: 'Signing' },
  { kind: 'stage', stage: 'signing', message: 'Signing' },
  { kind: 'stage', stage: 'uploading', message: 'Uploading artifact' },
  { kind: 'published', platform: 'ios', message: 'App was uploaded' },
] as const;

test('each stage is said once with its time, in the words of a terminal, and the total at the end', () => {
  const { shown, text } = display();
  for (const note of STAGES) shown.show(note);
  shown.finish();
  expect(text()).toMatch(
    /^▸ Signing\n {2}1\.50 s\n▸ Saving the artifact\n✓ App was uploaded\n {2}1\.50 s\n✓ done in \d+\.\d\d s\n$/,
  );
});

test('a quiet display says nothing and knows the times', () => {
  const { shown, text } = display({ quiet: true }, true);
  for (const note of STAGES) shown.show(note);
  expect([shown.finish() > 0, text()]).toEqual([true, '']);
  expect(shown.stages.map(({ stage }) => stage)).toEqual(['Signing', 'Saving the artifact']);
});
