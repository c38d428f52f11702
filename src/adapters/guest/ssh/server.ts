import type { AddressInfo } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import ssh2, {
  type AuthContext,
  type Connection,
  type ParsedKey,
  type ServerChannel,
  type Session,
} from 'ssh2';
import { algorithms } from './algorithms.ts';
import { forwardPorts } from './server-ports.ts';

/** One command that a client asked for, and the way to answer. */
export interface ServerExec {
  readonly command: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Sends the status behind the output that was written, and ends the channel; call it once. */
  exit(status: { readonly code: number } | { readonly signal: string }): void;
}

/** What the one who runs the command must listen to. */
export interface RunningExec {
  /** `name` without `SIG`. */
  onSignal(name: string): void;
  /** Called once: the channel is gone, whatever still runs must die. */
  onClose(): void;
}

export interface SshServerOptions {
  readonly hostKey: string;
  readonly user: string;
  /** The only key that may log in, as a public key line. */
  readonly authorizedKey: string;
  readonly exec: (exec: ServerExec) => RunningExec;
}

export interface SshServer {
  readonly port: number;
  close(): void;
}

/** A small SSH server on 127.0.0.1 and a port of the system's choice: one user, one key; `exec`,
 * and ports of its loopback that lead to the client. Nothing else. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const authorized = readKey(options.authorizedKey);
  const server = new ssh2.Server({ hostKeys: [options.hostKey], algorithms }, (connection) => {
    connection.setMaxListeners(0).on('error', () => {});
    // Missing in the types of ssh2 1.17.
    (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    connection.on('authentication', (context) => authenticate(context, options.user, authorized));
    connection.on('ready', () => {
      serve(connection, options.exec);
      forwardPorts(connection);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

function readKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

function authenticate(context: AuthContext, user: string, authorized: ParsedKey): void {
  if (context.username === user && holdsKey(context, authorized)) context.accept();
  else context.reject(['publickey']);
}

function holdsKey(context: AuthContext, authorized: ParsedKey): boolean {
  if (context.method !== 'publickey' || context.key.algo !== authorized.type) return false;
  if (!context.key.data.equals(authorized.getPublicSSH())) return false;
  // Without a signature the client only asks whether the key would do.
  if (!context.signature || !context.blob) return true;
  return authorized.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function serve(connection: Connection, start: SshServerOptions['exec']): void {
  connection.on('session', (accept) => {
    const session: Session = accept();
    session.on('exec', (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      const running = begin(channel, command, start);
      session.on('signal', (acceptSignal, _rejectSignal, { name }) => {
        acceptSignal?.();
        running.onSignal(name);
      });
      whenGone(connection, channel, () => running.onClose());
    });
  });
}

/** Once; a channel with input that nobody reads does not tell that it is closed, its connection does. */
function whenGone(connection: Connection, channel: ServerChannel, then: () => void): void {
  const gone = () => {
    connection.off('close', gone);
    channel.off('close', gone);
    then();
  };
  connection.once('close', gone);
  channel.once('close', gone);
}

function begin(channel: ServerChannel, command: string, start: SshServerOptions['exec']): RunningExec {
  channel.on('error', () => {});
  channel.stderr.on('error', () => {});
  const [stdout, stderr] = takingTurns(channel, channel.stderr as unknown as Writable);
  return start({
    command,
    stdin: channel,
    stdout,
    stderr,
    exit: async (status) => {
      await Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.end(done))));
      if ('code' in status) channel.exit(status.code);
      else channel.exit(status.signal.replace(/^SIG/, ''));
      channel.end();
    },
  });
}

const OUTPUT_BUFFER_BYTES = 256 * 1024;

/**
 * One write at a time over both outputs. When both of a channel wait for the same window, ssh2 1.17 wakes one and
 * leaves the other for ever; and it keeps what waited last, so that a later wait of the other one sends it again.
 */
function takingTurns(channel: ServerChannel, channelStderr: Writable): [Writable, Writable] {
  let turn = Promise.resolve();
  const inTurn = (target: Writable): Writable =>
    new Writable({
      highWaterMark: OUTPUT_BUFFER_BYTES,
      write(chunk: Buffer, _encoding, callback) {
        const written = () => {
          Object.assign(channel, NOTHING_WAITS);
          callback();
        };
        turn = turn.then(() => new Promise((done) => void target.write(chunk, () => done(written()))));
      },
    });
  return [inTurn(channel), inTurn(channelStderr)];
}

/** Private fields of ssh2's channel. */
const NOTHING_WAITS = {
  _chunk: undefined,
  _chunkcb: undefined,
  _chunkErr: undefined,
  _chunkcbErr: undefined,
};
