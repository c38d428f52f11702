#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../package-root.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { tellError } from './tell-error.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string;
};

const program = new Command('perry-ship')
  .description(
    'Signs, packages and returns macOS and iOS apps for a Perry hub, each in a machine of its own.',
  )
  .version(version)
  .exitOverride()
  .showHelpAfterError();

program
  .command('run', { isDefault: true })
  .description('run the daemon; settings are PERRY_* variables (see the README)')
  .option('--env-file <file>', 'read settings from NAME=value lines as well')
  .action(async (flags) => (await import('./run.ts')).runDaemon(flags));

program
  .command('demo')
  .description('an embedded hub, a macOS job and an iOS job, throw-away identities; ends by itself')
  .option('--out <dir>', 'leave the artifacts there')
  .action(async (flags) => (await import('./demo.ts')).demo(flags));

try {
  await program.parseAsync();
  process.exitCode ??= exitCodes.done;
} catch (error) {
  const usageCode = usageCodeOf(error);
  if (usageCode === undefined) tellError(error);
  process.exitCode = usageCode ?? exitCodeOf(error);
}

/** Commander has said what is wrong by itself; `--help` and `--version` are no errors. */
function usageCodeOf(error: unknown): number | undefined {
  const { code = '', exitCode = 0 } = error as { code?: string; exitCode?: number };
  if (!code.startsWith('commander.')) return undefined;
  return exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
}
