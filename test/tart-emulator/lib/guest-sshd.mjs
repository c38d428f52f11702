import { createServer } from 'node:net';
import ssh2 from 'ssh2';
import { serveExec } from './guest-channel.mjs';
import { forwardPorts } from './guest-ports.mjs';

/** Remote Login of the guest: one user, password or key, commands through `/bin/sh -c`. */
export async function startSshd({ host, disk, commands, knob }) {
  const bornAt = Date.now();
  const sockets = new Set();
  const ssh = new ssh2.Server({ hostKeys: [disk.hostKey] }, (connection) => {
    connection.setMaxListeners(0).on('error', () => {});
    connection.setNoDelay(true);
    connection.on('authentication', (context) => authenticate(context, disk, knob));
    forwardPorts(connection);
    connection.on('session', (accept) => serveExec(connection, accept(), commands, knob));
  });
  const front = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    if (knob.ssh === 'silent') return;
    if (knob.ssh === 'resets' && Date.now() - bornAt < knob.resetMs)
      return void socket.once('data', () => socket.resetAndDestroy());
    ssh.injectSocket(socket);
  });
  front.on('error', (error) => process.stderr.write(`sshd: ${error.message}\n`));
  front.listen(disk.port, host);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const freeze = () => {
    for (const socket of sockets) {
      socket.pause();
      socket.write = () => true;
    }
  };
  const timers = [
    ...(knob.cutMs === undefined ? [] : [setTimeout(cut, knob.cutMs)]),
    ...(knob.freezeMs === undefined ? [] : [setTimeout(freeze, knob.freezeMs)]),
  ];
  return {
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      front.close();
      cut();
    },
  };
}

function authenticate(context, disk, knob) {
  const isRightUser = context.username === disk.user && knob.ssh !== 'authRefused';
  const passes = {
    password: () => disk.password !== undefined && context.password === disk.password,
    publickey: () => (disk.authorizedKeys ?? []).some((line) => holdsKey(context, line)),
  };
  if (isRightUser && passes[context.method]?.()) context.accept();
  else context.reject(['password', 'publickey']);
}

function holdsKey(context, line) {
  const key = ssh2.utils.parseKey(line);
  if (key instanceof Error || context.key.algo !== key.type || !context.key.data.equals(key.getPublicSSH()))
    return false;
  // without a signature the client only asks whether the key would do
  return !context.signature || key.verify(context.blob, context.signature, context.hashAlgo) === true;
}
