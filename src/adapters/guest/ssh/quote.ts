import { ShipError } from '../../../errors.ts';

export interface ShellCommandOptions {
  readonly cwd?: string;
  /** Set for this command only; never a secret, other processes of the guest can read it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One word of a POSIX shell line: every byte but NUL is kept as it is. */
export function shellQuote(word: string): string {
  if (word.includes('\0')) throw unquotable('a word with a NUL character');
  return /^[A-Za-z0-9_/.:,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * One POSIX shell line that runs `argv` with every word quoted. Lines can be joined by `&&` or `|`: a folder or
 * variables hold inside a subshell only.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
 */
export function shellCommand(argv: readonly string[], { cwd, env = {} }: ShellCommandOptions = {}): string {
  if (argv.length === 0) throw unquotable('an empty command');
  // A plain first word could be a keyword or an alias: quoted, it is always a command.
  const command = [`'${argv[0]?.replaceAll("'", `'\\''`)}'`, ...argv.slice(1).map(shellQuote)].join(' ');
  if (argv[0]?.includes('\0')) throw unquotable('a command with a NUL character');
  const setup = [...(cwd === undefined ? [] : [changeFolder(cwd)]), ...Object.entries(env).map(exported)];
  return setup.length === 0 ? command : `(${[...setup, command].join(' && ')})`;
}

/**
 * A shell line that runs `script` with `words` as `$1`, `$2` …: names from a bundle never become part of the
 * program text. Runs by `/bin/sh`, whatever the login shell of the guest is: zsh, which macOS has, does not split the
 * value of a variable into words.
 */
export const shellLine = (script: string, words: readonly string[] = []): string =>
  shellCommand(['/bin/sh', '-c', script, 'sh', ...words]);

/** Linux takes 128 KiB for one word of a command, and the whole line is one word for `sshd`. */
export const MAX_SHELL_LINE_BYTES = 120 * 1024;

// `cd -` and CDPATH have meanings of their own; an empty name would mean HOME to some shells and nothing to others.
const changeFolder = (cwd: string): string => {
  if (cwd === '') throw unquotable('an empty folder name');
  return `CDPATH= cd -- ${shellQuote(cwd.startsWith('/') ? cwd : `./${cwd}`)}`;
};

function exported([name, value]: [string, string]): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw unquotable(`the variable name "${name}"`);
  return `export ${name}=${shellQuote(value)}`;
}

const unquotable = (what: string): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: 'A command for the machine could not be written as a shell line.',
    reason: `It has ${what}.`,
    nextStep: 'Report this run to the maintainers.',
  });
