import { text } from 'node:stream/consumers';
import type { Inquirer } from '../actors/inquiries.ts';
import { nameOfApp } from '../text.ts';
import { askPassword, type Terminal, terminal } from './ask-password.ts';
import { readPasswordFile, usage } from './sign-files.ts';

/** Where the password of a PKCS#12 file is, by the flags that say so. */
export interface PasswordFlags {
  /** `-` is standard input. */
  readonly file: readonly [flag: string, path: string | undefined];
  readonly variable: readonly [flag: string, name: string | undefined];
}

interface GivenP12 {
  readonly path: string;
  readonly bytes: Buffer;
}

/** As often as the password may be typed. */
const MAX_TRIES = 3;

/**
 * The password from the file, the variable or standard input; asked for when none of them is given, the file wants a
 * password, and somebody is there to be asked.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · P12_PASSWORD_WRONG when it was typed wrong three times · Interrupted
 */
export async function passwordFor(
  p12: GivenP12,
  { file, variable }: PasswordFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
): Promise<string> {
  if (file[1] !== undefined && variable[1] !== undefined)
    throw usage(`${file[0]} and ${variable[0]} exclude each other.`, 'Both say what the password is.');
  if (variable[1] !== undefined) return fromVariable(variable[0], variable[1]);
  if (file[1] === '-') return fromStdin(file[0]);
  const given = await readPasswordFile(...file);
  if (given !== undefined) return given;
  const asked = terminal();
  if (!asked) return '';
  const p12Base64 = p12.bytes.toString('base64');
  const isRight = (password: string) => inquirer.ask('tryPassword', { p12Base64, password }, signal);
  return (await isRight('')) ? '' : askUntilRight(p12.path, asked, isRight, signal);
}

/** A variable that was read is taken out of the environment, so that no child inherits it. */
const taken = new Map<string, string>();

export function fromVariable(flag: string, name: string): string {
  const value = process.env[name] ?? taken.get(name);
  if (value === undefined)
    throw usage(`The variable ${name} of ${flag} is not set.`, 'No such name is in the environment.');
  taken.set(name, value);
  delete process.env[name];
  return value;
}

let stdin: Promise<string> | undefined;

/** Read once, for every flag that names it; on a terminal it would show what is typed. */
async function fromStdin(flag: string): Promise<string> {
  if (process.stdin.isTTY)
    throw usage(
      `${flag} - reads a pipe or a file, and standard input is a terminal.`,
      'Leave it out to be asked.',
    );
  stdin ??= text(process.stdin);
  return (await stdin).replace(/\r?\n[\s\S]*$/, '');
}

async function askUntilRight(
  path: string,
  asked: Terminal,
  isRight: (password: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<string> {
  const question = `Password of ${nameOfApp(path)}: `;
  for (let tries = 1; tries < MAX_TRIES; tries++) {
    const password = await askPassword(question, asked, signal);
    if (await isRight(password)) return password;
    asked.output.write('That password does not open it; try again.\n');
  }
  return askPassword(question, asked, signal);
}
