import { z } from 'zod';
import { ShipError } from '../errors.ts';
import { defaultDriver, defaultStateDir, defaultWorkerName, type SettingName, settings } from './settings.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const webSocketUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol),
    'must be a ws:// or wss:// address',
  );
const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http:// or https:// address',
  );
const timestampUrl = z.union([z.literal('none'), httpUrl], 'must be an http:// address, or "none"');

const schema = z.object({
  hubUrl: webSocketUrl.default('wss://hub.perryts.com/ws'),
  hubSecret: z.string().optional(),
  hubHttpUrl: httpUrl.optional(),
  workerName: z.string().max(200, 'must have at most 200 characters'),
  maxConcurrent: wholeNumber(1, 64).default(2),
  vmDriver: z.enum(['tart', 'orchard', 'local'], 'must be tart, orchard or local'),
  tartImage: z.string().optional(),
  tartSshPassword: z.string().default('admin'),
  stateDir: z.string(),
  rcodesign: z.string().optional(),
  timestampUrl: timestampUrl.default('http://timestamp.apple.com/ts01'),
  storeTimestampUrl: timestampUrl.default('none'),
  jobTimeoutMinutes: wholeNumber(1, 1_440).default(60),
  drainTimeoutMinutes: wholeNumber(0, 1_440).default(60),
  hubErrors: z.enum(['on', 'off'], 'must be on or off').default('on'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn or error')
    .default('info'),
});

export type Config = z.output<typeof schema>;

export interface LoadedConfig {
  readonly config: Config;
  /** Remarks for the operator. */
  readonly warnings: readonly string[];
}

/**
 * Reads the settings from environment variables; an empty variable counts as not set.
 *
 * @throws ShipError CONFIG_INVALID naming every variable that cannot be used, never its value when it is secret
 */
export function loadConfig(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): LoadedConfig {
  const given = Object.entries(settings).map(([name, { variable }]) => [name, env[variable] || undefined]);
  const raw: Partial<Record<SettingName, string | undefined>> = Object.fromEntries(given);
  raw.hubSecret ??= env.PERRY_HUB_SECRET || undefined;
  raw.workerName ??= defaultWorkerName();
  raw.vmDriver ??= defaultDriver(platform);
  raw.stateDir ??= defaultStateDir(env, platform);
  const result = schema.safeParse(raw);
  if (!result.success) throw invalid(result.error, raw);
  const usesOldName = !env.PERRY_HUB_WORKER_SECRET && Boolean(env.PERRY_HUB_SECRET);
  return { config: result.data, warnings: usesOldName ? [OLD_NAME] : [] };
}

const OLD_NAME =
  'PERRY_HUB_SECRET is read as the worker secret; call it PERRY_HUB_WORKER_SECRET, as the hub does.';

function invalid(error: z.ZodError, raw: Partial<Record<SettingName, string | undefined>>): ShipError {
  const findings = error.issues.map(({ path, message }) => {
    const name = path[0] as SettingName;
    const setting: { variable: string; secret?: true } = settings[name];
    return `${setting.variable} ${message}${setting.secret ? '' : ` and is ${JSON.stringify(raw[name])}`}`;
  });
  return new ShipError('CONFIG_INVALID', {
    summary: `The configuration cannot be used: ${findings.join('; ')}.`,
    nextStep: 'Correct it in the environment or in the file given with --env-file, and start again.',
  });
}
