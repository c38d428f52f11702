#!/usr/bin/env node
/**
 * Behaves like the `tart` command line program, version 2.32.1, as far as a program that drives it can see: commands,
 * texts, exit codes, timing, state on disk below TART_HOME. Its machines are SSH servers on loopback.
 * What it is told to do wrong, and how fast it is, stands in TART_HOME/emulator.json (see lib/knobs.mjs).
 */
import { readArguments } from './lib/arguments.mjs';
import { commands } from './lib/commands.mjs';
import { TartError, usageError } from './lib/failures.mjs';
import { applyFault } from './lib/faults.mjs';
import { collectGarbage, openHome } from './lib/home.mjs';
import { readKnobs } from './lib/knobs.mjs';

const WITHOUT_GARBAGE_COLLECTION = ['clone', 'pull', 'login', 'logout', 'fqn'];

async function main([name, ...words]) {
  const home = await openHome();
  const knobs = await readKnobs(home);
  if (name === '--version') return void process.stdout.write(`${knobs.version}\n`);
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (!command) throw usageError(undefined, name ? `Unexpected argument '${name}'` : 'Missing subcommand');
  const given = readArguments(name, command, words);
  if (name !== 'run') process.on('SIGINT', cancelled);
  const scope = { home, knobs, ...given };
  if (name === 'run') await command.validate(scope);
  if (!WITHOUT_GARBAGE_COLLECTION.includes(name)) await collectGarbage(home, knobs);
  await applyFault(scope, name, () => command.execute(scope));
}

function cancelled() {
  process.stderr.write('Error: CancellationError()\n');
  process.exit(1);
}

function fail(error) {
  process.stderr.write(error instanceof TartError ? error.text : `Error: ${error?.message ?? error}\n`);
  process.exit(error instanceof TartError ? error.exitCode : 1);
}

main(process.argv.slice(2)).then(() => process.exit(process.exitCode ?? 0), fail);
