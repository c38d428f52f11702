import type { Command } from 'commander';

const HELP = ['-h', '--help'];
const ABOUT_ALL = [...HELP, '-V', '--version'];

/**
 * The words as commander is to read them. Without a command a person gets help, and a service runs the daemon; so do
 * settings of the daemon alone. A name that is no command's is left without the wish for help, whichever way that was
 * said: commander then names the nearest command, and would show all of its help otherwise. Some package managers pass
 * on the `--` that parts their own words from those of the program; alone it is no wish to start a service.
 */
export function commandLine(program: Command, given: readonly string[], isTerminal: boolean): string[] {
  const [first, ...others] = given;
  if (first === undefined) return isTerminal ? ['--help'] : ['run'];
  if (first === '--') return others.length === 0 ? ['--help'] : commandLine(program, others, isTerminal);
  if (first.startsWith('-')) return ABOUT_ALL.includes(first) ? [...given] : ['run', ...given];
  const { path, unknown, rest, asksHelp } = resolve(program, given);
  if (unknown !== undefined) return [...path, unknown];
  return asksHelp ? [...path, '--help'] : [...path, ...rest];
}

interface Resolved {
  /** Names of commands, each below the one before. */
  readonly path: readonly string[];
  /** Stands where a command must be, and is none. */
  readonly unknown?: string;
  /** What the command itself is given. */
  readonly rest: readonly string[];
  /** By the word `help` in front of a command. */
  readonly asksHelp: boolean;
}

function resolve(program: Command, words: readonly string[]): Resolved {
  const path: string[] = [];
  let [command, asksHelp] = [program, false];
  for (const [at, word] of words.entries()) {
    if (command.commands.length === 0) return { path, rest: words.slice(at), asksHelp };
    const next = command.commands.find((each) => each.name() === word);
    if (next) path.push(word);
    else if (word === 'help') asksHelp = true;
    else if (word.startsWith('-')) return { path, rest: words.slice(at), asksHelp };
    else return { path, unknown: word, rest: [], asksHelp };
    command = next ?? command;
  }
  return { path, rest: [], asksHelp };
}
