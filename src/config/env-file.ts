import { type FileHandle, open, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { ShipError } from '../errors.ts';
import { expectPrivate } from './private-file.ts';
import { secretVariables } from './settings.ts';
import { isShellPipe } from './shell-pipe.ts';

/**
 * Adds the variables of a file of `NAME=value` lines; what the environment says itself wins.
 *
 * @param onRemark - told of each line that says nothing; never what is in it, which may be a secret
 * @throws ShipError CONFIG_INVALID when the file cannot be read, or holds a secret and is open to other users
 */
export async function withEnvFile(
  env: NodeJS.ProcessEnv,
  path: string | undefined,
  onRemark: (remark: string) => void = () => {},
): Promise<NodeJS.ProcessEnv> {
  if (path === undefined) return env;
  const { text, mode } = await readWithMode(path);
  const lines = text.split(/\r?\n/);
  for (const line of linesThatSayNothing(lines)) {
    onRemark(`Line ${line + 1} of "${path}" is not read: it has no form NAME=value.`);
    lines[line] = ''; // Node 20 would take it for a part of the next name
  }
  const variables = parseEnv(lines.join('\n'));
  const secrets = secretVariables.filter((name) => Boolean(variables[name]));
  const words = `The file "${path}" given with --env-file holds ${secrets.join(' and ')}`;
  if (secrets.length > 0) expectPrivate(mode, path, words);
  return { ...variables, ...env };
}

/** Both from one open file, so that the mode is that of what was read. */
async function readWithMode(path: string): Promise<{ text: string; mode: number }> {
  let file: FileHandle | undefined;
  try {
    const found = await stat(path);
    // a named pipe without a writer, and a device, have no end
    if (!found.isFile() && !(found.isFIFO() && isShellPipe(path))) throw unreadable(path);
    file = await open(path, 'r');
    return { mode: (await file.stat()).mode, text: await file.readFile('utf8') };
  } catch (cause) {
    if (cause instanceof ShipError) throw cause;
    throw unreadable(path, cause as NodeJS.ErrnoException);
  } finally {
    await file?.close();
  }
}

const unreadable = (path: string, cause?: NodeJS.ErrnoException): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The file "${path}" given with --env-file cannot be read.`,
    reason: cause ? `The system says ${cause.code ?? 'nothing more'}.` : 'It is not a plain file.',
    nextStep: 'Give the path of a readable file with one NAME=value line for each setting.',
    ...(cause && { cause }),
  });

/** A name and its value; the value may begin with a quotation mark, and then goes on over lines to the next one. */
const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*=\s*(?<quote>["'`])?/;
const EMPTY = /^\s*(?:#|$)/;

/** Indexes of the lines that are neither empty, a comment, an assignment nor a part of one. */
function linesThatSayNothing(lines: readonly string[]): number[] {
  const found: number[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const assignment = ASSIGNMENT.exec(line);
    if (assignment) at = lastLineOf(lines, at, assignment);
    else if (!EMPTY.test(line)) found.push(at);
  }
  return found;
}

/** Where the value of an assignment ends; a quotation mark without its partner is a character like others. */
function lastLineOf(lines: readonly string[], at: number, assignment: RegExpExecArray): number {
  const quote = assignment.groups?.quote;
  if (quote === undefined || (lines[at] ?? '').includes(quote, assignment[0].length)) return at;
  const end = lines.findIndex((line, index) => index > at && line.includes(quote));
  return end < 0 ? at : end;
}
