import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** The way into the machine that needs no network: a socket beside the disk, answered by the agent in the guest. */
export function startAgent({ dir, commands, knobs }) {
  const bornAt = Date.now();
  const isUp = () => knobs.guest.agent && Date.now() - bornAt >= knobs.times.agent;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (!isUp()) return void socket.end();
    socket.write('ready\n');
    serve(socket, commands);
  });
  // the path of a socket has little room: it is made from inside the folder; one of an earlier run may remain
  process.chdir(dir);
  rmSync('control.sock', { force: true });
  server.on('error', (error) => process.stderr.write(`control socket: ${error.message}\n`));
  server.listen('control.sock');
  return { stop: () => server.close() };
}

function serve(socket, commands) {
  let child;
  const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
  createInterface({ input: socket }).on('line', (line) => {
    const { argv, interactive, stdin, eof } = JSON.parse(line);
    if (argv) child = begin(commands, argv, interactive, say, socket);
    if (stdin) child?.stdin.write(Buffer.from(stdin, 'base64'));
    if (eof) child?.stdin.end();
  });
  socket.once('close', () => child && commands.kill(child));
}

function begin(commands, argv, interactive, say, socket) {
  const child = commands.start(argv);
  if (!interactive) child.stdin.end();
  child.stdout.on('data', (chunk) => say({ stdout: chunk.toString('base64') }));
  child.stderr.on('data', (chunk) => say({ stderr: chunk.toString('base64') }));
  const end = (exit) => {
    say({ exit });
    socket.end();
  };
  child.once('error', () => end(127));
  child.once('close', (code) => end(code ?? 137));
  return child;
}
