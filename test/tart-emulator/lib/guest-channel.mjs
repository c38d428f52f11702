import { Writable } from 'node:stream';

/** Commands over one SSH session. */
export function serveExec(connection, session, commands, knob) {
  session.on('exec', (accept, reject, { command }) => {
    if (knob.ssh === 'execFails') return void reject();
    const channel = accept();
    channel.on('error', () => {});
    channel.stderr.on('error', () => {});
    if (knob.ssh === 'execHangs') return;
    const child = commands.start(['/bin/sh', '-c', command]);
    connectStreams(channel, child);
    session.on('signal', (acceptSignal, _reject, { name }) => {
      acceptSignal?.();
      commands.kill(child, `SIG${name}`);
    });
    const gone = () => {
      commands.kill(child);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    };
    channel.once('close', gone);
    connection.once('close', gone);
  });
}

function connectStreams(channel, child) {
  const [stdout, stderr] = takingTurns(channel);
  channel.pipe(child.stdin);
  child.stdin.once('close', () => channel.resume());
  child.stdout.pipe(stdout, { end: false });
  child.stderr.pipe(stderr, { end: false });
  child.once('close', async (code, signal) => {
    await Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.end(done))));
    if (code === null) channel.exit(signal.replace(/^SIG/, ''));
    else channel.exit(code);
    channel.end();
  });
}

/**
 * One write at a time over both outputs: ssh2 1.17 wakes only one of the two when both wait for the same window, and
 * sends again what waited last.
 */
function takingTurns(channel) {
  let turn = Promise.resolve();
  const inTurn = (target) =>
    new Writable({
      highWaterMark: 256 * 1024,
      write(chunk, _encoding, callback) {
        const written = () => {
          Object.assign(channel, { _chunk: undefined, _chunkcb: undefined });
          Object.assign(channel, { _chunkErr: undefined, _chunkcbErr: undefined });
          callback();
        };
        turn = turn.then(() => new Promise((done) => void target.write(chunk, () => done(written()))));
      },
    });
  return [inTurn(channel), inTurn(channel.stderr)];
}
