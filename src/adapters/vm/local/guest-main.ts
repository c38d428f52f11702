/**
 * The guest of the local driver: an SSH server on loopback that runs commands in the clone's home folder.
 *
 *     node guest-main.js CLONE_DIR
 *
 * It lives as long as its stdin is open, so that it ends with the daemon, however the daemon ends.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { startSshServer } from '../../guest/ssh/server.ts';
import { guestCommands } from './guest-commands.ts';
import { cloneLayout, GUEST_USER, type Listening } from './layout.ts';

async function main(cloneDir: string): Promise<void> {
  const layout = cloneLayout(cloneDir);
  const commands = guestCommands(layout.home);
  const powerOff = () => {
    commands.killAll();
    process.exit(0);
  };
  process.stdin.on('end', powerOff).on('error', powerOff).resume();
  process.on('SIGTERM', powerOff);
  const server = await startSshServer({
    hostKey: await readFile(layout.hostKey, 'utf8'),
    authorizedKey: await readFile(layout.authorizedKey, 'utf8'),
    user: GUEST_USER,
    exec: commands.run,
  });
  await announce(layout.listening, { pid: process.pid, port: server.port });
}

/** Whole or not at all: the driver may read at any moment. */
async function announce(file: string, listening: Listening): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(listening));
  await rename(`${file}.new`, file);
  process.stdout.write(`listening on 127.0.0.1:${listening.port}\n`);
}

await main(process.argv[2] ?? '.');
