import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { nearestName } from '../config/nearest-name.ts';
import { vmDriverKinds } from '../domain/vm-driver.ts';
import type { ShipError } from '../errors.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { capitalized } from '../text.ts';
import { reasonOf, usage } from './sign-files.ts';
import { type SignFlags, withDistribution } from './sign-request.ts';

/** What is read where `--project` names nothing else, if it is there. */
export const PROJECT_FILE = 'perry-ship.json';
const MAX_BYTES = 256 * 1024;

/** Relative to the folder of the file. */
const path = z.string('must be a path').min(1, 'must not be empty');
const text = z.string('must be a text').min(1, 'must not be empty');
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const flag = z.boolean('must be true or false');

/** Each key is the long name of a flag. There is no key for a secret: it has a file or a variable of its own. */
const schema = z.strictObject({
  bundle: path.optional(),
  target: oneOf(['macos-sign', 'ios-sign']).optional(),
  distribute: oneOf(['notarize', 'appstore', 'testflight', 'both']).optional(),
  p12: path.optional(),
  'p12-password-file': path.optional(),
  'p12-password-env': text.optional(),
  'notarize-p12': path.optional(),
  'notarize-p12-password-file': path.optional(),
  'notarize-p12-password-env': text.optional(),
  'installer-p12': path.optional(),
  'installer-p12-password-file': path.optional(),
  'installer-p12-password-env': text.optional(),
  profile: path.optional(),
  entitlements: path.optional(),
  'bundle-id': text.optional(),
  'team-id': text.optional(),
  'api-key': path.optional(),
  'api-key-env': text.optional(),
  'key-id': text.optional(),
  'issuer-id': text.optional(),
  wait: flag.optional(),
  'testflight-group': z.array(text, 'must be a list of texts').optional(),
  'testflight-notes': path.optional(),
  out: path.optional(),
  format: oneOf(['dmg', 'pkg', 'app', 'zip']).optional(),
  'debug-symbols': flag.optional(),
  provenance: path.optional(),
  'timestamp-url': text.optional(),
  driver: oneOf(vmDriverKinds).optional(),
  'env-file': path.optional(),
});

/** Every key that the file may have. */
export const projectKeys = Object.keys(schema.shape);
type Key = keyof typeof schema.shape;
const PATHS = new Set<string>(
  Object.entries(schema.shape)
    .filter(([, type]) => type.unwrap() === path)
    .map(([key]) => key),
);

/** Of each of these only one is said: a flag takes the place of all that the file says of it. */
const ALTERNATIVES: readonly (readonly Key[])[] = [
  ['p12-password-file', 'p12-password-env'],
  ['notarize-p12-password-file', 'notarize-p12-password-env'],
  ['installer-p12-password-file', 'installer-p12-password-env'],
  ['api-key', 'api-key-env'],
];

/** As commander names a flag. */
const flagName = (key: string): string =>
  key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

export interface ProjectFlags {
  /** A file, or false: none is read, not even the one that is there. */
  readonly project?: string | false;
}

type WithProject<T> = T & { readonly bundle?: string };

/**
 * Flags of a command, with what the file of the project says where there is no flag.
 *
 * @param keys - those that the command has a flag for; the others are for another command
 * @throws ShipError COMMAND_USAGE_WRONG
 */
export async function withProjectFile<T extends ProjectFlags>(
  flags: T,
  keys: readonly string[] = projectKeys,
): Promise<WithProject<T>> {
  if (flags.project === false) return flags;
  const file = resolve(flags.project ?? PROJECT_FILE);
  const content = await contentOf(file, flags.project !== undefined);
  if (content === undefined) return flags;
  const given = { ...flags } as Readonly<Record<string, unknown>>;
  const own = Object.entries(readProject(content, file)).filter(
    ([key]) => keys.includes(key) && !isGiven(key, given),
  );
  return { ...Object.fromEntries(own.map(([key, value]) => [flagName(key), value])), ...flags };
}

/**
 * What is signed, and all that is said about it.
 *
 * @param named - on the command line
 * @throws ShipError COMMAND_USAGE_WRONG
 */
export async function bundleAndFlags<T extends ProjectFlags & SignFlags>(
  named: string | undefined,
  flags: T,
): Promise<T & { readonly bundle: string }> {
  refuseSecondWay(flags);
  const all = await withProjectFile(withDistribution(flags));
  const bundle = named ?? all.bundle;
  if (bundle !== undefined) return { ...all, bundle };
  throw usage(
    'No bundle is named.',
    'Neither the command nor a file of settings says which.',
    `Name one, or set "bundle" in ${PROJECT_FILE}.`,
  );
}

function refuseSecondWay({ notarize, publish, distribute }: SignFlags): void {
  if (distribute === undefined || !(notarize || publish)) return;
  throw usage(
    `${notarize ? '--notarize' : '--publish'} and --distribute exclude each other.`,
    'Both say how users get the app.',
  );
}

const isGiven = (key: string, flags: Readonly<Record<string, unknown>>): boolean =>
  (ALTERNATIVES.find((keys) => keys.some((each) => each === key)) ?? [key]).some(
    (each) => flags[flagName(each)] !== undefined,
  );

async function contentOf(file: string, isNamed: boolean): Promise<string | undefined> {
  const read = await readBoundedText(file, MAX_BYTES).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && !isNamed) return undefined;
    throw unusable(file, reasonOf(cause));
  });
  if (read === undefined || 'text' in read) return read?.text;
  throw unusable(file, `${capitalized(read.unread)}; ${MAX_BYTES} bytes are read at most.`);
}

/** Paths in it are those of its folder; what ends with a slash is a folder still. */
function readProject(content: string, file: string): Readonly<Record<string, unknown>> {
  const read = schema.safeParse(parsed(content, file));
  if (!read.success) throw unusable(file, read.error.issues.slice(0, 5).map(described).join(' '));
  const folder = dirname(file);
  const absolute = (value: string): string => resolve(folder, value) + (/[/\\]$/.test(value) ? '/' : '');
  return Object.fromEntries(
    Object.entries(read.data).map(([key, value]) => [
      key,
      PATHS.has(key) && typeof value === 'string' ? absolute(value) : value,
    ]),
  );
}

function parsed(content: string, file: string): unknown {
  try {
    // editors on Windows put a mark in front of what they save
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch {
    throw unusable(file, 'It is not JSON.');
  }
}

function described(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return issue.keys.map(unknownKey).join(' ');
  const key = issue.path.join('.');
  return key === '' ? 'It is not an object.' : `"${key}" ${issue.message}.`;
}

function unknownKey(key: string): string {
  const meant = nearestName(key, projectKeys);
  const name = JSON.stringify(key.slice(0, 60));
  return meant === undefined
    ? `There is no setting ${name}.`
    : `There is no setting ${name}; "${meant}" is one.`;
}

const unusable = (file: string, reason: string): ShipError =>
  usage(
    `The settings in ${JSON.stringify(file)} cannot be used.`,
    reason,
    'Correct it; each of its keys is the long name of a flag, and no key holds a secret.',
  );
