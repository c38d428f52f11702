import type { Command } from 'commander';

/** `audit verify`, `audit show` and `audit acknowledge`. */
export function withAudit(audit: Command): void {
  audit.description('the account of every signature: prove that nobody has changed it, or read it');
  const ofAccount = (command: Command): Command =>
    command
      .option('--state-dir <dir>', 'state directory (PERRY_STATE_DIR)')
      .option('--env-file <file>', 'read settings from NAME=value lines as well')
      .option('--json', 'for programs');
  ofAccount(
    audit
      .command('verify')
      .description('whether every line is as it was written, in its order, and none is missing')
      .option(
        '--expect <number:sha256>',
        'a line as it was noted down elsewhere, such as in the log; again for another one',
        (noted, before?: string[]) => [...(before ?? []), noted],
      ),
  ).action(async (flags) => (await import('./audit.ts')).auditVerify(flags));
  ofAccount(
    audit
      .command('show')
      .description('what was signed, when, for whom, with which identity')
      .option('--job <id>', 'this job alone, by its first letters')
      .option('--since <time>', 'lines that are no older, e.g. 90s, 15m, 1h, 2d'),
  ).action(async (flags) => (await import('./audit.ts')).auditShow(flags));
  ofAccount(
    audit
      .command('acknowledge <breaks>')
      .description(
        'write into the account that what "audit verify" has found is known; it is told, and no failure any more',
      )
      .requiredOption('--reason <text>', 'how it came about; stays in the account'),
  ).action(async (breaks, flags) => (await import('./audit-acknowledge.ts')).auditAcknowledge(breaks, flags));
}
