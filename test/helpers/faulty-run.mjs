// The process of a run with defects that a signal brings out: see `soak-run-faults.ts`. None of them ever yields, so
// that nothing which the run was about to do comes after it.
import { writeSync } from 'node:fs';

const CHANNEL_FD = 3;

/** Well-formed messages, without an end. */
function flood() {
  const body = Buffer.from('{"type":"ready"}');
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  const frames = Buffer.concat(Array.from({ length: 100 }, () => [header, body]).flat());
  for (let sent = 0; ; ) {
    try {
      sent = (sent + writeSync(CHANNEL_FD, frames, sent)) % frames.length;
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function fillHeap() {
  for (const all = []; ; ) all.push(new Array(10_000).fill(all.length));
}

function loop() {
  for (;;);
}

for (const [signal, fault] of Object.entries({ SIGUSR2: fillHeap, SIGHUP: loop, SIGWINCH: flood }))
  process.on(signal, fault);
await import('../../dist/src/run-process/main.js');
