import { text } from 'node:stream/consumers';
import { forgetKeys, openP12 } from '../domain/identity/index.ts';
import { ShipError } from '../errors.ts';
import { nameOfApp } from '../verify/read-app.ts';
import { askPassword, type Terminal, terminal } from './ask-password.ts';
import { readPasswordFile, usage } from './sign-files.ts';

/** Where the password of a PKCS#12 file is, by the flags that say so. */
export interface PasswordFlags {
  /** `-` is standard input. */
  readonly file: readonly [flag: string, path: string | undefined];
  readonly variable: readonly [flag: string, name: string | undefined];
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
  p12: { readonly path: string; readonly bytes: Buffer },
  { file, variable }: PasswordFlags,
  signal: AbortSignal,
): Promise<string> {
  if (file[1] !== undefined && variable[1] !== undefined)
    throw usage(`${file[0]} and ${variable[0]} exclude each other.`);
  if (variable[1] !== undefined) return fromVariable(variable[0], variable[1]);
  if (file[1] === '-') return fromStdin(file[0]);
  const given = await readPasswordFile(...file);
  if (given !== undefined) return given;
  const asked = terminal();
  if (!asked || isOpenedBy(p12.bytes, '')) return '';
  return askUntilRight(p12, asked, signal);
}

/** A variable that was read is taken out of the environment, so that no child inherits it. */
const taken = new Map<string, string>();

function fromVariable(flag: string, name: string): string {
  const value = process.env[name] ?? taken.get(name);
  if (value === undefined) throw usage(`The variable ${name} of ${flag} is not set.`);
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
  { path, bytes }: { readonly path: string; readonly bytes: Buffer },
  asked: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const question = `Password of ${nameOfApp(path)}: `;
  for (let tries = 1; tries < MAX_TRIES; tries++) {
    const password = await askPassword(question, asked, signal);
    if (isOpenedBy(bytes, password)) return password;
    asked.output.write('That password does not open it; try again.\n');
  }
  return askPassword(question, asked, signal);
}

/** A file that is broken is opened by every password: the job says what is wrong with it. */
function isOpenedBy(p12: Buffer, password: string): boolean {
  try {
    forgetKeys(openP12(p12, password));
    return true;
  } catch (error) {
    return !(error instanceof ShipError && error.code === 'P12_PASSWORD_WRONG');
  }
}
