import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { publicKeyLine } from '../../adapters/guest/ssh/keys.ts';
import { readCredentials } from '../../adapters/vm/tart/open-guest.ts';
import { ShipError } from '../../errors.ts';
import type { ImageHost, ImageWish } from '../kinds.ts';

/**
 * macOS 15 with the guest agent of Tart, a user `admin` who may administer it, and Remote Login: the newest that every
 * host of macOS 15 or newer runs.
 *
 * @see https://github.com/cirruslabs/macos-image-templates
 */
export const DEFAULT_BASE = 'ghcr.io/cirruslabs/macos-sequoia-base:latest';

/** What a person asks for, checked, with everything that this host has to give. */
export interface TartWish {
  readonly name: string;
  readonly force: boolean;
  /** A local machine, or an image of a registry with its tag. */
  readonly base: string;
  /** Absolute path of Xcode as Apple delivers it. */
  readonly xcode?: string;
  /** Line for `authorized_keys`; with it no password is taken any more. */
  readonly authorizedKey?: string;
}

export const isRemote = (base: string): boolean => base.includes('/');

/** @throws ShipError COMMAND_USAGE_WRONG · CONFIG_INVALID when the key file cannot be read */
export async function tartWish({ config }: ImageHost, wish: ImageWish): Promise<TartWish> {
  const { name, force, from, xcode, suite, mirror } = wish;
  for (const [flag, value] of Object.entries({ suite, mirror }))
    if (value !== undefined) throw wrong(`--${flag} is for images of another driver.`, 'Leave it out.');
  if (parseAsOption(from))
    throw wrong('--from names no machine and no image.', 'Give a name, or leave it out.');
  const key = config.tartSshKeyFile === undefined ? undefined : await publicKeyOf(config);
  return {
    ...{ name, force, base: tagged(from ?? DEFAULT_BASE) },
    ...(xcode !== undefined && { xcode: await xcodeFile(xcode) }),
    ...(key !== undefined && { authorizedKey: key }),
  };
}

/** It would be taken for an option of Tart. */
const parseAsOption = (from: string | undefined): boolean => from !== undefined && !/^[A-Za-z0-9]/.test(from);

/** Tart lists an image with its tag, and pulls the newest when none is given. */
const tagged = (base: string): string =>
  isRemote(base) && !/[:@]./.test(base.slice(base.lastIndexOf('/'))) ? `${base}:latest` : base;

async function publicKeyOf(config: ImageHost['config']): Promise<string> {
  const { tartSshUser: user, tartSshPassword: password, tartSshPort: port, tartSshKeyFile: keyFile } = config;
  const credentials = await readCredentials({ user, password, port, keyFile });
  if ('privateKey' in credentials) {
    try {
      return publicKeyLine(credentials.privateKey);
    } catch (cause) {
      throw keyUnreadable(cause);
    }
  }
  throw keyUnreadable(undefined);
}

const keyUnreadable = (cause: unknown): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: 'The SSH key for the machines cannot be used.',
    reason: 'The file that PERRY_TART_SSH_KEY_FILE names is no private key, or has a passphrase.',
    nextStep:
      'Make one with "ssh-keygen -t ed25519 -N \'\' -f FILE", and name it with PERRY_TART_SSH_KEY_FILE.',
    cause,
  });

const XAR_MAGIC = 'xar!';

/** A `.xip` is a signed xar archive: what is none is refused before hours are spent on it. */
async function xcodeFile(given: string): Promise<string> {
  const path = resolve(given);
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) throw wrong(`--xcode names no file: ${JSON.stringify(given)}.`, XIP_HINT);
  if ((await firstBytes(path)) !== XAR_MAGIC)
    throw wrong(`--xcode names no .xip file: ${JSON.stringify(given)}.`, XIP_HINT);
  return path;
}

const XIP_HINT = 'Download "Xcode_NN.xip" from developer.apple.com/download/all, and name that file.';

async function firstBytes(path: string): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(path, { end: XAR_MAGIC.length - 1 }))
    pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
}

const wrong = (reason: string, nextStep: string): ShipError =>
  new ShipError('COMMAND_USAGE_WRONG', {
    summary: 'The golden image cannot be built so.',
    reason,
    nextStep,
  });
