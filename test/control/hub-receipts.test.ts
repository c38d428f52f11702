import { expect, test } from 'vitest';
import type { OutboxEntry } from '../../machines/hub-connection/outbox.ts';
import { lineFull } from '../../machines/supervisor/failures.ts';
import { createReceipts } from '../../src/actors/hub-receipts.ts';

const conclusion = { outcome: 'failed', failure: lineFull, stage: null } as const;
const result = (seq: number): OutboxEntry => ({
  seq,
  report: { kind: 'conclusion', jobId: `job-${seq}`, assignmentId: `a${seq}`, conclusion },
});

function begin() {
  const pings: string[] = [];
  const read: [readonly string[], number][] = [];
  const receipts = createReceipts({
    ping: (payload) => void pings.push(payload),
    onRead: (ids, seq) => void read.push([ids, seq]),
  });
  return { receipts, pings, read };
}

test('one ping is under way, however many results are said; its pong stands for those before it', () => {
  const { receipts, pings, read } = begin();
  for (let seq = 1; seq <= 1_000; seq += 1) receipts.said([result(seq)]);
  expect(pings).toHaveLength(1);
  receipts.heard(pings[0] ?? '');
  expect(read).toEqual([[['a1'], 1]]);
  expect(pings).toHaveLength(2);
  receipts.heard(pings[1] ?? '');
  expect(read[1]?.[0]).toHaveLength(999);
  expect(read[1]?.[1]).toBe(1_000);
  expect(pings).toHaveLength(2);
});

test('the pong to a heartbeat is a receipt as well: a hub may answer only the newest ping', () => {
  const { receipts, pings, read } = begin();
  receipts.said([result(7), result(8)]);
  receipts.beat();
  receipts.heard(pings.at(-1) ?? '');
  expect(read).toEqual([[['a7', 'a8'], 8]]);
  receipts.beat();
  receipts.heard(pings.at(-1) ?? '');
  expect(read).toHaveLength(1);
});

test.each(['', 'beat', '9', '-1', '1e3', ' 1', '99999999999999999999'])(
  'a pong "%s" confirms nothing that was not said',
  (pong) => {
    const { receipts, read } = begin();
    receipts.heard(pong);
    expect(read).toEqual([]);
  },
);
