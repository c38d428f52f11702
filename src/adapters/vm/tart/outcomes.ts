import type { TartResult } from './command.ts';

/** What a command of `tart` ended with, as far as it makes a difference. */
export type Outcome =
  | 'succeeded'
  | 'hung'
  | 'missing'
  | 'notRunning'
  | 'alreadyRunning'
  | 'stillRunning'
  | 'limitReached'
  | 'diskFull'
  | 'keychainLocked'
  | 'diskInUse'
  | 'softnetFailed'
  | 'incomplete'
  | 'homeInvalid'
  | 'registryFailed'
  | 'lockLost'
  | 'noAddress'
  | 'notUnderstood'
  | 'interrupted'
  | 'failed';

/**
 * Texts of tart 2.32.1, first match wins. The text says more than the exit code: `run` ends with 1 where all other
 * commands end with 2, and errors of Apple's frameworks are printed raw. Foundation writes curly quotes.
 */
const texts: readonly (readonly [RegExp, Outcome])[] = [
  [/the number of VMs exceeds the system limit/i, 'limitReached'],
  [/maximum supported number of active virtual machines/i, 'limitReached'],
  [/VZErrorDomain Code=6\b/, 'limitReached'],
  [/isn.t enough (free )?space|No space left on device|NSFileWriteOutOfSpaceError/i, 'diskFull'],
  [/VZErrorDomain Code=2\b|Failed to lock auxiliary storage/, 'diskInUse'],
  [
    /VZErrorDomain Code=1\b|Failed to generate keypair|Interaction is not allowed with the Security/,
    'keychainLocked',
  ],
  [/softnet/i, 'softnetFailed'],
  [/" does not exist/, 'missing'],
  [/VM is missing some of its files/, 'incomplete'],
  [/" is already running!/, 'alreadyRunning'],
  [/" is not running/, 'notRunning'],
  [/" is running/, 'stillRunning'],
  [/TART_HOME is invalid/, 'homeInvalid'],
  [/UnexpectedHTTPStatusCode|Error pulling image/, 'registryFailed'],
  [/: Bad file descriptor/, 'lockLost'],
  [/no IP address found|DHCPD leases file/, 'noAddress'],
  [/^Error: (CancellationError\(\)|cancelled)$/m, 'interrupted'],
];

/** Exit codes where no text is known: 2 says that the machine is missing or not in the state that the command needs. */
const codes: Readonly<Record<number, Outcome>> = { 0: 'succeeded', 64: 'notUnderstood' };

export function outcomeOf({ exitCode, stdout, stderr, timedOut }: TartResult): Outcome {
  if (timedOut) return 'hung';
  if (exitCode === 0) return 'succeeded';
  const said = `${withoutRemarks(stderr)}\n${stdout}`;
  const known = exitCode === 64 ? undefined : texts.find(([text]) => text.test(said));
  return known?.[1] ?? codes[exitCode ?? -1] ?? 'failed';
}

/** `Failed to perform garbage collection: …` is a remark, on any command, whatever comes of it. */
const withoutRemarks = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => !line.startsWith('Failed to perform garbage collection:'))
    .join('\n');

/** Plain words for each line with which `tart run` ends well, though the machine is lost. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/guest has stopped the virtual machine due to error/, 'the virtualization framework of macOS gave it up'],
  [/guest has stopped the virtual machine/, 'the guest shut itself down'],
  [/network attachment/, 'its network device was lost'],
  [/Stopping VM\.\.\./, 'somebody powered it off'],
];

/** It had gone before it could be asked to stop, though somebody has asked by now. */
export const endedByItself = ({ exitCode, stdout }: TartResult): boolean =>
  exitCode === 0 && endings.slice(0, 3).some(([line]) => line.test(stdout));

/** The guest has written its disk and powered off. */
export const shutDownInOrder = ({ exitCode, stdout }: TartResult): boolean =>
  exitCode === 0 && /guest has stopped the virtual machine(?! due to error)/.test(stdout);

/** How a machine ended that nobody here had asked to; never what the tool said, which may name folders of the host. */
export function endingOf({ exitCode, signal, stdout }: TartResult): string {
  const [, words] = endings.find(([line]) => line.test(stdout)) ?? [];
  const how = signal ? `"tart run" was ended by ${signal}` : `"tart run" exited with code ${exitCode}`;
  return words === undefined ? how : `${words} (${how})`;
}
