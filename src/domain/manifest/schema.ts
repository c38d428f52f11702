import * as z from 'zod';
import { isWellFormed } from '../well-formed.ts';

const MAX_NAME_BYTES = 200;
const MAX_TEXT_CHARACTERS = 1_000;
const MAX_KEYS = 200;
const MAX_VERSION_CHARACTERS = 50;

/** Absent, null and blank are the same to the hub's command line, which sends any of them for "not set". */
const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isUnset(value) ? undefined : value), schema.optional());

const lowerCase = (value: unknown): unknown =>
  typeof value === 'string' ? value.trim().toLowerCase() : value;

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.preprocess(lowerCase, z.enum(values, `must be one of ${values.join(', ')}`));

const text = () =>
  z.string('must be a text').refine(isWellFormed, 'must not hold half a character (a lone surrogate)');

const plainText = () =>
  text()
    .max(MAX_TEXT_CHARACTERS, `must have at most ${MAX_TEXT_CHARACTERS} characters`)
    .regex(/^\P{Cc}*$/u, 'must not hold control characters');

/** Letters, digits, space, `-` and `_`: so neither a dot nor a slash can reach a path. */
const appName = text()
  .regex(/^[\p{L}\p{M}\p{N} _-]+$/u, 'must be letters, digits, spaces, "-" and "_" only')
  .regex(/[^ ]/, 'must not be blank')
  .refine((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES, `must have at most ${MAX_NAME_BYTES} bytes`);

const bundleId = text()
  .max(MAX_NAME_BYTES, `must have at most ${MAX_NAME_BYTES} characters`)
  .regex(
    /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u,
    'must be words of letters, digits, "-" and "_" with a dot between them',
  );

/** What is wrong with the form of an identifier, as in `must have …`. */
export const bundleIdFault = (given: string): string | undefined =>
  bundleId.safeParse(given).error?.issues[0]?.message;

const version = text()
  .max(MAX_VERSION_CHARACTERS, `must have at most ${MAX_VERSION_CHARACTERS} characters`)
  .regex(/^\d+(\.\d+)*$/, 'must be numbers with dots between them');
const osVersion = text().regex(/^\d{1,3}(\.\d{1,3}){0,2}$/, 'must be a version such as 13.0');
const flag = z.boolean('must be true or false');

/** An entitlement key or the name of a capability. */
const key = text().regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be letters, digits, ".", "-" and "_" only');
const keys = z.array(key, 'must be a list of texts').max(MAX_KEYS, `must have at most ${MAX_KEYS} items`);

const MAX_GROUPS = 100;
const MAX_LOCALES = 60;
/** Of "what to test"; Apple takes no more. */
const MAX_NOTES_CHARACTERS = 4_000;

const notesText = () =>
  text()
    .max(MAX_NOTES_CHARACTERS, `must have at most ${MAX_NOTES_CHARACTERS} characters`)
    .regex(/^(?:\P{Cc}|[\r\n\t])*$/u, 'must not hold control characters');
/** As App Store Connect names them: `en-US`, `zh-Hans`; `default` is for every other one. */
const locale = text().regex(
  /^(default|[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2})$/,
  'must be a locale such as en-US',
);
const notesByLocale = z
  .record(locale, notesText(), 'must be a text, or an object of texts by locale')
  .refine((notes) => Object.keys(notes).length <= MAX_LOCALES, `must have at most ${MAX_LOCALES} locales`);

/** What becomes of a build after its upload to App Store Connect. */
const afterUpload = {
  wait: optional(flag),
  testflight_groups: optional(
    z.array(plainText(), 'must be a list of texts').max(MAX_GROUPS, `must have at most ${MAX_GROUPS} items`),
  ),
  testflight_notes: optional(
    z.union([notesText(), notesByLocale], 'must be a text, or an object of texts by locale'),
  ),
};

export const afterUploadSchema = z.object(afterUpload);

export const targetsSchema = z.object({ targets: z.array(text(), 'must be a list of texts') });

const common = {
  ...targetsSchema.shape,
  app_name: appName,
  bundle_id: bundleId,
  version,
  short_version: optional(version),
  display_name: optional(plainText()),
  icon: optional(plainText()),
  debug_symbols: optional(flag),
  ...afterUpload,
};

export const macosSchema = z.object({
  ...common,
  category: optional(plainText()),
  minimum_os_version: optional(osVersion),
  entitlements: optional(keys),
  macos_distribute: optional(oneOf(['notarize', 'appstore', 'testflight', 'both'])),
  macos_encryption_exempt: optional(flag),
  macos_package: optional(oneOf(['dmg', 'pkg'])),
  notarize: optional(oneOf(['twice', 'once'])),
});

export const iosSchema = z.object({
  ...common,
  ios_distribute: optional(oneOf(['appstore', 'testflight'])),
  ios_deployment_target: optional(osVersion),
  ios_device_family: optional(z.array(oneOf(['iphone', 'ipad']), 'must be a list of texts')),
  ios_capabilities: optional(keys),
  ios_encryption_exempt: optional(flag),
  icon_dark: optional(plainText()),
  icon_tinted: optional(plainText()),
});

/** Every field that signing knows of. */
export const manifestFields = [
  ...new Set([...Object.keys(macosSchema.shape), ...Object.keys(iosSchema.shape)]),
];
