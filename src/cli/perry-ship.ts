#!/usr/bin/env -S node --
import { Command, CommanderError, Option } from 'commander';
import { keepCompiledCode } from '../compiled-code.ts';
import { vmDriverKinds } from '../domain/vm-driver.ts';
import { ShipError } from '../errors.ts';
import { imageKinds } from '../golden-image/kinds.ts';
import { packageVersion } from '../package-root.ts';
import { withAudit } from './audit-command.ts';
import {
  onFile,
  withBundleFlags,
  withKeyFlags,
  withOut,
  withPasswordFlags,
  withTestingFlags,
} from './bundle-flags.ts';
import { commandLine } from './command-line.ts';
import { exitCodes } from './exit-codes.ts';
import { addServiceCommands } from './service-commands.ts';
import { endWith, failureAsJson } from './tell-error.ts';

keepCompiledCode(process.env);

const program = new Command('perry-ship')
  .description(
    'Signs, packages and returns macOS and iOS apps for a Perry hub, each in a machine of its own.',
  )
  .version(packageVersion())
  .exitOverride()
  .showHelpAfterError('Run "perry-ship help", or "perry-ship help COMMAND", for what there is.');

program
  .command('run')
  .description(
    'run the daemon (also without a command, where there is no terminal); settings are PERRY_* variables',
  )
  .option('--env-file <file>', 'read settings from NAME=value lines as well')
  .option('--inspect [port]', 'live page and Stately inspector on 127.0.0.1 (port 8080)')
  .action(async (flags) => (await import('./run.ts')).runDaemon(flags));

program
  .command('demo')
  .description(
    'an embedded hub, a macOS job and an iOS job, throw-away identities; ends by itself without --page',
  )
  .addOption(
    new Option('--driver <kind>', 'virtual machines; "local" has none and needs nothing')
      .choices(vmDriverKinds)
      .default('local'),
  )
  .option('--out <dir>', 'leave the artifacts there')
  .option('--page', 'with the live page of the daemon, which stays open until ctrl-C')
  .action(async (flags) => (await import('./demo.ts')).demo(flags));

program
  .command('doctor')
  .description('whether a daemon would work on this host: one question a line, with the exact fix')
  .addOption(
    new Option(
      '--for <purpose>',
      'only what signing without a hub needs (sign), or what a new version must read (upgrade)',
    ).choices(['sign', 'upgrade']),
  )
  .option('--env-file <file>', 'file that the daemon is started with')
  .option('--json', 'for programs')
  .action(async (flags) => (await import('./doctor.ts')).doctor(flags));

const toDaemon = (name: string, description: string) =>
  program
    .command(name)
    .description(description)
    .option('--state-dir <dir>', 'state directory of the daemon (PERRY_STATE_DIR)')
    .option('--env-file <file>', 'file that the daemon is started with')
    .option('--json', 'for programs');

toDaemon('status', 'slots, jobs, machines and the link of the daemon; exit code 3 when none runs')
  .option('--watch', 'again every two seconds, until ctrl-C')
  .action(async (flags) => (await import('./status.ts')).status(flags));

toDaemon('drain', 'the daemon takes no more jobs and ends when those that run have finished')
  .option('--now', 'cancel what runs')
  .action(async (flags) => (await import('./drain.ts')).drain(flags));

toDaemon(
  'pause',
  'the daemon takes no jobs until it is resumed, also after a restart; what runs may finish',
).action(async (flags) => (await import('./pause.ts')).pause(flags));

toDaemon('resume', 'the daemon takes jobs again').action(async (flags) =>
  (await import('./pause.ts')).resume(flags),
);

toDaemon('upgrade', 'install another version with npm; the daemon finishes its jobs and starts anew with it')
  .argument('[version]', 'or a name of the registry for one; left out: the latest')
  .option('--yes', 'do it; without this it only says what it would do')
  .action(async (version, flags) => (await import('./upgrade.ts')).upgradeProgram(version, flags));

toDaemon('cancel', 'stop one job; its machine is destroyed and the hub is told')
  .argument('<job>', 'the job, as "perry-ship status" names it, or the first letters of it')
  .action(async (job, flags) => (await import('./cancel.ts')).cancel(job, flags));

toDaemon('jobs', 'what became of the last jobs, with cause and next step; also when no daemon runs')
  .option('--failed', 'only those that failed, were not taken in, or were interrupted')
  .option('--since <time>', 'only those that ended since, e.g. 15m, 2d, 2w, 2026-11-01')
  .option('--limit <n>', 'as many as these, newest first', '20')
  .action(async (flags) => (await import('./jobs.ts')).jobs(flags));

toDaemon('job', 'all that is known of one job; also when no daemon runs')
  .argument('<job>', 'a job, or a run of one, or the first letters of it')
  .option('--log', 'with all lines of its log')
  .action(async (job, flags) => (await import('./jobs.ts')).job(job, flags));

const alarms = toDaemon(
  'alarms',
  'what should not be, since when, and what to do; exit code 1 when there is any',
).action(async (flags) => (await import('./alarms.ts')).listAlarms(flags));
alarms
  .command('test')
  .description('send a test alarm by PERRY_ALERT_COMMAND and PERRY_ALERT_URL; no daemon need run')
  .option('--env-file <file>', 'file that the daemon is started with')
  .option('--json', 'for programs')
  .action(async (_flags, command) => (await import('./alarms.ts')).testAlarms(command.optsWithGlobals()));

addServiceCommands(program.command('service'));

const image = program
  .command('image')
  .description('golden images, which the machines of jobs are cloned from: make, list, try, remove');
const onImage = (name: string, description: string) =>
  image
    .command(name)
    .description(description)
    .addOption(
      new Option(
        '--driver <kind>',
        'whose images; left out: that of PERRY_VM_DRIVER, or of this system',
      ).choices(imageKinds),
    )
    .option('--env-file <file>', 'file that the daemon is started with')
    .option('--json', 'for programs');

onImage('build', 'make one, in minutes the first time; it is there whole in the end, or not at all')
  .argument('[name]', 'left out: the one that the daemon uses by itself')
  .option('--suite <name>', 'qemu: release of Debian')
  .option('--mirror <url>', 'qemu: archive that its packages come from')
  .option('--from <name>', 'tart: a stopped machine, or an image of a registry, to make it from')
  .option('--xcode <file>', 'tart: Xcode as Apple delivers it (.xip), to be installed; accepts its licence')
  .option('--force', 'replace an image of that name')
  .option('--dry-run', 'show every command that would be run, change nothing')
  .option('--quiet', 'say nothing on the way')
  .action(async (name, flags) => (await import('./image.ts')).build(name, flags));
onImage('list', 'which there are, of all drivers, and whether their files are whole').action(async (flags) =>
  (await import('./image.ts')).list(flags),
);
image
  .command('check')
  .description('boot a machine from one, ask it all that a job needs, destroy it')
  .argument('[name]', 'left out: the one that the daemon uses')
  .addOption(new Option('--driver <kind>', 'virtual machines (PERRY_VM_DRIVER)').choices(vmDriverKinds))
  .option('--env-file <file>', 'file that the daemon is started with')
  .option('--json', 'for programs')
  .action(async (name, flags) => (await import('./image.ts')).check(name, flags));
onImage('remove', 'delete one that no machine is made from')
  .argument('<name>')
  .action(async (name, flags) => (await import('./image.ts')).remove(name, flags));

withBundleFlags(
  program
    .command('check [bundle]')
    .description(
      'everything that would go wrong with an .app, .xcarchive, .ipa, .zip or .tar.gz, before anything is signed',
    ),
)
  .option('--json', 'print the findings as JSON')
  .action(async (bundle, flags) => (await import('./check.ts')).check(bundle, flags));

withBundleFlags(
  program
    .command('sign [bundle]')
    .description(
      'one .app, .xcarchive, .ipa, .zip or .tar.gz, no hub: signed in a machine of its own, packed, verified, left where you want it',
    ),
)
  .addOption(new Option('--driver <kind>', 'virtual machines (PERRY_VM_DRIVER)').choices(vmDriverKinds))
  .option(
    '--out <path>',
    'file for the artifact, or a folder (made, when it ends with a slash); here when left out',
  )
  .option('--force', 'replace an artifact that exists')
  .option(
    '--provenance <file>',
    'write down how it was made there: an in-toto statement (.intoto.jsonl), unsigned',
  )
  .option('--timestamp-url <url>', 'time-stamp server, or "none"; that of Apple when left out')
  .option('--quiet', 'say nothing on the way')
  .option('--env-file <file>', 'read settings from NAME=value lines as well')
  .option('--json', 'print the result as JSON')
  .action(async (bundle, flags) => (await import('./sign.ts')).sign(bundle, flags));

onFile(
  withOut(
    withKeyFlags(
      program
        .command('notarize <file>')
        .description('a signed .dmg, .pkg or .zip: sent to Apple, judged, and stapled where it can be'),
    ),
  )
    .option('--submission <id>', 'Apple has the file already, under this id: wait, send nothing')
    .option('--again', 'send a file that carries a ticket all the same'),
).action(async (file, flags) => (await import('./file-command.ts')).fileCommand('notarize', file, flags));

onFile(
  withOut(
    program
      .command('staple <file>')
      .description("attach Apple's ticket to a .dmg, .pkg or .app that was notarized before"),
  ),
).action(async (file, flags) => (await import('./file-command.ts')).fileCommand('staple', file, flags));

onFile(
  withTestingFlags(
    withKeyFlags(
      program
        .command('publish <file>')
        .description('a signed .ipa or .pkg: uploaded to App Store Connect, and given to its testers'),
    ),
  ),
).action(async (file, flags) => (await import('./file-command.ts')).fileCommand('publish', file, flags));

withPasswordFlags(
  program
    .command('identity <file>')
    .description('what a PKCS#12 file holds: each identity, what it can be used for, and what is odd'),
)
  .option('--json', 'for programs')
  .action(async (file, flags) => (await import('./identity.ts')).identity(file, flags));

program
  .command('verify <artifact>')
  .description('what is inside an .app, .ipa, .dmg, .pkg or Mach-O file, and whether every seal holds')
  .option('--json', 'print the report as JSON')
  .action(async (artifact, flags) => (await import('./verify.ts')).verify(artifact, flags));

withAudit(program.command('audit'));

program
  .command('explain [code]')
  .description('what an error code means, who must act, and what to do; without a code, all of them')
  .option('--json', 'for programs')
  .action(async (code, flags) => (await import('./explain.ts')).explain(code, flags));

const words = process.argv.slice(2);
/** With a reader that has gone, as `| head` does, there is nobody to tell anything. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') endWith(error, {});
  process.exit();
});
try {
  await program.parseAsync(commandLine(program, words, process.stdout.isTTY === true), { from: 'user' });
  process.exitCode ??= exitCodes.done;
} catch (error) {
  const json = words.includes('--json');
  if (error instanceof CommanderError) endUsage(error, json);
  else endWith(error, { json });
}

/** Commander has told the person what is wrong by itself; `--help` and `--version` are no errors. */
function endUsage({ exitCode, message }: CommanderError, json: boolean): void {
  process.exitCode = exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
  if (exitCode === 0 || !json) return;
  const wrong = new ShipError('COMMAND_USAGE_WRONG', {
    summary: 'The command line cannot be used.',
    reason: `Its fault: ${message.replace(/^error: /, '').replace(/\.$/, '')}.`,
    nextStep: 'Run "perry-ship help COMMAND" for what there is.',
  });
  process.stdout.write(failureAsJson(wrong.failure));
}
