import { finished, Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { contained } from '../../../contained.ts';
import type { GuestExecOptions, GuestExecResult } from '../guest.ts';
import { tooLarge } from '../guest-path.ts';
import { Head, lineSplitter, Tail } from './collect.ts';
import type { SshConnection } from './connection.ts';
import { execRefused, guestLost } from './failures.ts';

const MAX_STDOUT_BYTES = 1024 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;
/**
 * More than any command says that has an end: rcodesign writes a line for each file of a bundle to stderr, which is 20 MiB
 * for 100,000 files. What is beyond it only costs time, until the deadline of the step.
 */
const MAX_SAID_BYTES = { stdout: 16 * 1024 * 1024, stderr: 64 * 1024 * 1024 };

/**
 * Runs one command in a channel of its own. Ends when the command has ended and its whole output has been taken,
 * or at the first of: abort, a broken stdin source, a broken stdout sink, the end of the connection, output without end.
 */
export async function execOverSsh(
  connection: SshConnection,
  command: string,
  options: GuestExecOptions,
): Promise<GuestExecResult> {
  options.signal?.throwIfAborted();
  const undo: (() => void)[] = [];
  const trouble = firstTrouble(connection, options, undo);
  const opening = openChannel(connection, command, (channel) => ({
    channel,
    result: follow(channel, options, undo),
  }));
  try {
    const { result } = await Promise.race([opening, trouble]);
    return await Promise.race([result, trouble]);
  } catch (error) {
    opening.then(({ channel }) => killChannel(connection.client, channel), ignore);
    abandon(options, error as Error);
    throw error;
  } finally {
    for (const step of undo) step();
  }
}

const ignore = (): void => {};

/** Rejects when the command cannot be followed to its end; never resolves. */
function firstTrouble(
  { client, closed, socket }: SshConnection,
  { signal, stdin, stdout }: GuestExecOptions,
  undo: (() => void)[],
): Promise<never> {
  const trouble = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal?.reason);
    const onLost = () => closed.then((reason) => reject(guestLost(reason)));
    signal?.addEventListener('abort', onAbort, { once: true });
    client.once('close', onLost);
    if (socket.destroyed) onLost();
    undo.push(
      () => signal?.removeEventListener('abort', onAbort),
      () => client.off('close', onLost),
    );
    // The listeners of `finished` stay: a stream may still emit a late error.
    if (stdin instanceof Readable) finished(stdin, { writable: false }, (error) => error && reject(error));
    if (stdout) finished(stdout, { readable: false }, (error) => error && reject(error));
  });
  trouble.catch(ignore);
  return trouble;
}

/** `use` is called in the same turn: the status of a quick command comes with the same packet as the channel. */
function openChannel<T>(
  { client, socket }: SshConnection,
  command: string,
  use: (channel: ClientChannel) => T,
): Promise<T> {
  const opening = new Promise<T>((resolve, reject) => {
    if (socket.destroyed) return;
    const taken = (error: Error | undefined, channel: ClientChannel) => {
      if (!error) resolve(use(channel));
      else if (!socket.destroyed) reject(execRefused(error));
    };
    // a connection whose guest has said goodbye cannot be written to, and is not destroyed yet: ssh2 throws then
    contained(
      () => void client.exec(command, taken),
      (cause) => reject(guestLost('The connection is being closed', cause)),
    )();
  });
  opening.catch(ignore);
  return opening;
}

function follow(
  channel: ClientChannel,
  { stdin, stdout, onStderrLine }: GuestExecOptions,
  undo: (() => void)[],
): Promise<GuestExecResult> {
  channel.on('error', ignore);
  channel.stderr.on('error', ignore);
  const head = new Head(MAX_STDOUT_BYTES);
  const tail = new Tail(MAX_STDERR_BYTES);
  const lines = lineSplitter((line) => onStderrLine?.(line));
  const status = exitStatus(channel);
  const { bounded, exceeded } = saidBounds();
  const hearHead = bounded('stdout', (chunk) => head.add(chunk));
  const sunk = stdout ? intoSink(channel, stdout) : void channel.on('data', hearHead);
  const faults: unknown[] = [];
  const hear = contained(
    (chunk: Buffer) => {
      tail.add(chunk);
      lines.add(chunk);
    },
    (error) => faults.push(error),
  );
  channel.stderr.on('data', bounded('stderr', hear));
  feed(channel, stdin, undo);
  const whole = Promise.all([status, sunk, ended(channel.stderr)]).then(([exitCode]) => {
    lines.end();
    if (faults.length > 0) throw faults[0];
    return { exitCode, stdout: head.toString(), stderr: tail.toString() };
  });
  const result = Promise.race([whole, exceeded]);
  result.catch(ignore);
  return result;
}

/** Passes on what a command says up to the limits; `exceeded` rejects beyond them. */
function saidBounds() {
  let exceed: (error: Error) => void = ignore;
  const exceeded = new Promise<never>((_, reject) => {
    exceed = reject;
  });
  const bounded = (stream: keyof typeof MAX_SAID_BYTES, take: (chunk: Buffer) => void) => {
    let leftBytes = MAX_SAID_BYTES[stream];
    return (chunk: Buffer): void => {
      leftBytes -= chunk.length;
      if (leftBytes >= 0) take(chunk);
      else exceed(tooLarge(`A command may write ${MAX_SAID_BYTES[stream]} bytes to ${stream}`));
    };
  };
  return { bounded, exceeded };
}

function intoSink(channel: ClientChannel, sink: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => channel.pipe(sink).once('finish', resolve));
}

const ended = (stream: NodeJS.ReadableStream): Promise<void> =>
  new Promise((resolve) => stream.once('end', resolve));

/** `close` comes after the last byte of stdout; the status came before it, or the guest's side broke off. */
function exitStatus(channel: ClientChannel): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let status: number | null | undefined;
    channel.once('exit', (code: number | null) => {
      status = code;
    });
    channel.once('close', () =>
      status === undefined ? reject(guestLost('The command ended without an exit status')) : resolve(status),
    );
  });
}

function feed(channel: ClientChannel, stdin: GuestExecOptions['stdin'], undo: (() => void)[]): void {
  if (stdin === undefined) return void channel.end();
  if (!(stdin instanceof Readable)) return void channel.end(stdin);
  stdin.pipe(channel);
  // A command may end before it has read everything: its source must not stay open.
  undo.push(() => stdin.unpipe(channel).destroy());
}

function killChannel(client: Client, channel: ClientChannel): void {
  channel.on('error', ignore);
  channel.stderr.on('error', ignore);
  sendKill(client, channel);
  channel.close();
  channel.unpipe();
  channel.resume();
  channel.stderr.resume();
}

/**
 * ssh2's own `channel.signal` keeps silent once stdin is closed, though RFC 4254 section 6.9 allows a signal as
 * long as the channel is open; the protocol object below it (ssh2 1.17) has no such limit.
 */
function sendKill(client: Client, channel: ClientChannel): void {
  const { _protocol } = client as unknown as { _protocol?: { signal(id: number, name: string): void } };
  const { outgoing } = channel as unknown as { outgoing: { id: number; state: string } };
  if (outgoing.state === 'open' || outgoing.state === 'eof') _protocol?.signal(outgoing.id, 'KILL');
}

function abandon({ stdin, stdout }: GuestExecOptions, error: Error): void {
  if (stdin instanceof Readable) stdin.destroy();
  stdout?.destroy(error instanceof Error ? error : undefined);
}
