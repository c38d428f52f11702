import { expect, test } from 'vitest';
import { withDeadline } from '../../src/deadline.ts';
import { collectGarbage } from '../helpers/collect-garbage.ts';

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

test('a deadline comes although nobody else holds it', async () => {
  const waiting = aborted(withDeadline(new AbortController().signal, 200));
  const collecting = setInterval(collectGarbage, 10);
  expect(await waiting).toMatchObject({ name: 'TimeoutError' });
  clearInterval(collecting);
});

test('the other signal comes first, with its own reason', async () => {
  const stopping = new AbortController();
  const waiting = aborted(withDeadline(stopping.signal, 600_000));
  stopping.abort(new Error('stopped'));
  expect(await waiting).toMatchObject({ message: 'stopped' });
});
