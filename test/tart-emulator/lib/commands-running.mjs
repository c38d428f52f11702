import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from './arguments.mjs';
import { described, notRunning, refused, TartError, usageError } from './failures.mjs';
import { takeCount } from './faults.mjs';
import { existing, ownerOf, readConfig } from './home.mjs';
import { leaseOf } from './leases.mjs';

const RESOLVERS = ['dhcp', 'arp', 'agent'];

export const ip = {
  names: [1, 1],
  options: ['--wait', '--resolver'],
  async execute({ home, knobs, names: [name], options }) {
    const resolver = options['--resolver'] ?? 'dhcp';
    if (!RESOLVERS.includes(resolver))
      throw usageError('ip', `The value '${resolver}' is invalid for '--resolver <resolver>'`);
    const deadline = Date.now() + seconds('ip', '--wait', options['--wait'], 0) * 1_000;
    const dir = existing(home, name);
    do {
      const address = await resolve(home, knobs, dir);
      if (address) return void process.stdout.write(`${address}\n`);
      await pause(1_000);
    } while (Date.now() < deadline);
    const isAwake = await ownerOf(dir);
    const agentHint =
      resolver === 'agent' ? ' (also make sure that Guest agent for Tart is running inside of a VM)' : '';
    throw refused(`no IP address found${isAwake ? '' : ', is your VM running?'}${agentHint}`);
  },
};

async function resolve(home, { ip: knob }, dir) {
  if (await takeCount(home, 'lease-file-error', knob.leaseFileErrors))
    throw described('Truncated(name: "truncated DHCPD leases file")');
  if (knob.never) return undefined;
  const { macAddress } = await readConfig(dir);
  const turn = await takeCount(home, `ip-${macAddress}`, knob.first.length);
  if (turn) return knob.first[turn - 1];
  return leaseOf(home, macAddress);
}

export const stop = {
  names: [1, 1],
  options: ['--timeout', '-t'],
  async execute({ home, names: [name], options }) {
    const timeout = seconds('stop', '--timeout', options['--timeout'] ?? options['-t'], 30);
    const dir = existing(home, name);
    const owner = await ownerOf(dir);
    if (!owner) return stopSleeping(dir, name);
    signal(owner.pid, 'SIGINT');
    for (const end = Date.now() + timeout * 1_000; Date.now() < end; await pause(100))
      if (!(await ownerOf(dir))) return;
    if (await ownerOf(dir)) signal(owner.pid, 'SIGKILL');
  },
};

async function stopSleeping(dir, name) {
  const saved = join(dir, 'state.vzvmsave');
  if (!existsSync(saved)) throw notRunning(name);
  await rm(saved);
}

export const suspend = {
  names: [1, 1],
  async execute({ home, names: [name] }) {
    const owner = await ownerOf(existing(home, name));
    if (!owner) throw new TartError(2, `VM "VM "${name}" is not running" is not running`);
    signal(owner.pid, 'SIGUSR1');
  },
};

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it has just ended
  }
}

export const exec = {
  names: [1, 1],
  flags: ['-i', '-t'],
  rest: true,
  async execute({ home, knobs, names: [name], options, rest }) {
    if (rest.length === 0) throw usageError('exec', "Missing expected argument '<command> ...'");
    const dir = existing(home, name);
    if (!(await ownerOf(dir))) throw notRunning(name);
    // the path of a socket has little room: it is taken from inside the folder
    process.chdir(dir);
    const socket = await reachAgent(knobs.times.agentWait);
    process.exitCode = await converse(socket, { argv: rest, interactive: options['-i'] === true });
  },
};

/** Tries until the agent of the guest answers. */
async function reachAgent(waitMs) {
  for (const end = Date.now() + waitMs; ; await pause(50)) {
    const socket = await greet();
    if (socket) return socket;
    if (Date.now() >= end)
      throw refused(
        'Failed to connect to the VM using its control socket: connection refused, is the Tart Guest Agent running?',
      );
  }
}

function greet() {
  return new Promise((resolve) => {
    const socket = connect('control.sock');
    socket.once('error', () => resolve(undefined)).once('end', () => resolve(undefined));
    socket.once('data', (chunk) => {
      if (chunk.toString() !== 'ready\n') return;
      socket.removeAllListeners('end');
      resolve(socket);
    });
  });
}

/** Lines of JSON both ways; resolves with the exit code of the command in the guest. */
async function converse(socket, request) {
  const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
  say(request);
  if (request.interactive) {
    process.stdin.on('data', (chunk) => say({ stdin: chunk.toString('base64') }));
    process.stdin.once('end', () => say({ eof: true }));
  }
  for await (const line of createInterface({ input: socket })) {
    const { stdout, stderr, exit } = JSON.parse(line);
    if (stdout) process.stdout.write(Buffer.from(stdout, 'base64'));
    if (stderr) process.stderr.write(Buffer.from(stderr, 'base64'));
    if (exit !== undefined) return exit;
  }
  throw described('rpcError(.unavailable)');
}
