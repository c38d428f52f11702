import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { isServiceUrl } from '../domain/service-url.ts';
import { hasLogin } from '../domain/url-secrets.ts';
import {
  defaultVmDriver,
  guestNetworks,
  type VmDriverFacts,
  vmDriverChoice,
  vmDriverFacts,
  vmDriverKinds,
} from '../domain/vm-driver.ts';
import { ShipError } from '../errors.ts';
import { alertForms } from './alert-settings.ts';
import { type JobsAtOnce, jobsAtOnce, jobsConflict, jobsOf } from './jobs-at-once.ts';
import { orchardConflicts, orchardForms } from './orchard-settings.ts';
import { hasQemu } from './qemu-host.ts';
import {
  defaultImageDir,
  defaultRunHeapMb,
  defaultRunMemoryMb,
  defaultStateDir,
  defaultWorkerName,
  type SettingName,
  settings,
} from './settings.ts';
import { unknownVariables } from './unknown-variables.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const webSocketUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol), {
    error: 'must be a ws:// or wss:// address',
    abort: true,
  })
  .refine(
    (text) => !hasLogin(text),
    'must be an address without a user name and a password: the hub asks for PERRY_HUB_WORKER_SECRET alone',
  );
const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http:// or https:// address',
  );
const hubHttpUrl = httpUrl.refine(
  (text) => !hasLogin(text),
  'must be an address without a user name and a password: the hub asks for none',
);
const timestampUrl = z.union([z.literal('none'), httpUrl], 'must be an http:// address, or "none"');

const serviceUrl = z
  .string()
  .refine(isServiceUrl, 'must be an https:// address; http:// is for this machine only');

/** The port that viewers of the Stately inspector try first. */
const INSPECT_PORT = 8080;
/** The port that exporters of OpenTelemetry use. */
const METRICS_PORT = 9464;

/** `1` and `on` are the usual port. */
const portOr = (usual: number) => {
  const words: Readonly<Record<string, number | undefined>> = {
    ...{ 0: undefined, off: undefined },
    ...{ 1: usual, on: usual },
  };
  return z
    .string()
    .transform((text) => (Object.hasOwn(words, text) ? words[text] : Number(text)))
    .refine(
      (port) => port === undefined || (Number.isInteger(port) && port >= 1_024 && port <= 65_535),
      'must be 1, 0, or a port from 1024 to 65535',
    );
};

/**
 * A clone in a cluster begins with the wait for a free worker, as long as others need one for a build (30 minutes), and goes
 * on with the pull of an image that the worker has not got (tens of gigabytes, 10 minutes at 100 MB/s); what is left over is
 * for the clone itself.
 */
const ORCHARD_CLONE_TIMEOUT_SECONDS = '2700';

/** The public database in which Apple keeps the tickets of everything that was notarized. */
const TICKET_URL =
  'https://api.apple-cloudkit.com/database/1/com.apple.gk.ticket-delivery/production/public/records/lookup';

const schema = z.object({
  hubUrl: webSocketUrl.default('wss://hub.perryts.com/ws'),
  hubSecret: z.string().optional(),
  hubHttpUrl: hubHttpUrl.optional(),
  workerName: z.string().max(200, 'must have at most 200 characters'),
  maxConcurrent: jobsAtOnce.default(2),
  standbyMachines: wholeNumber(0, 256).optional(),
  vmDriver: z.enum(vmDriverKinds, `must be ${vmDriverChoice()}`),
  guestNetwork: z.enum(guestNetworks, 'must be none or shared').default('none'),
  tartImage: z.string().optional(),
  imageDir: z.string().transform((path) => resolve(path)),
  toolchain: z.enum(['xcode', 'portable'], 'must be xcode or portable').optional(),
  tartBinary: z.string().default('tart'),
  tartHome: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  tartSshUser: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9._-]{0,63}$/, 'must be a user name')
    .default('admin'),
  tartSshPassword: z.string().default('admin'),
  tartSshKeyFile: z.string().optional(),
  tartSshPort: wholeNumber(1, 65_535).default(22),
  tartHostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must have the form SHA256:… that "ssh-keygen -lf" prints')
    .optional(),
  ...orchardForms,
  orchardCpu: wholeNumber(1, 256).optional(),
  orchardMemoryMb: wholeNumber(256, 999_999).optional(),
  minFreeDiskGb: wholeNumber(0, 100_000).optional(),
  vmCpus: wholeNumber(1, 64).default(2),
  vmMemoryMb: wholeNumber(256, 262_144).default(1_024),
  vmCloneTimeoutSeconds: wholeNumber(1, 86_400).default(300),
  vmAddressTimeoutSeconds: wholeNumber(1, 86_400).default(180),
  vmSshTimeoutSeconds: wholeNumber(1, 86_400).default(90),
  stateDir: z.string(),
  rcodesign: z.string().optional(),
  trustRoots: z.string().optional(),
  timestampUrl: timestampUrl.default('http://timestamp.apple.com/ts01'),
  storeTimestampUrl: timestampUrl.default('none'),
  notaryUrl: serviceUrl.default('https://appstoreconnect.apple.com/notary/v2'),
  notaryS3Url: serviceUrl.optional(),
  ticketUrl: serviceUrl.default(TICKET_URL),
  appStoreConnectUrl: serviceUrl.default('https://api.appstoreconnect.apple.com'),
  storePackage: z
    .enum(['productbuild', 'portable'], 'must be productbuild or portable')
    .default('productbuild'),
  notarize: z.enum(['twice', 'once'], 'must be twice or once').default('twice'),
  provenance: z.enum(['on', 'off'], 'must be on or off').default('off'),
  notaryTimeoutMinutes: wholeNumber(1, 1_440).default(120),
  runHeapMb: wholeNumber(64, 65_536).default(defaultRunHeapMb),
  runMemoryMb: wholeNumber(128, 262_144).default(defaultRunMemoryMb),
  jobTimeoutMinutes: wholeNumber(1, 1_440).default(60),
  drainTimeoutMinutes: wholeNumber(0, 1_440).default(60),
  hubErrors: z.enum(['on', 'off'], 'must be on or off').default('on'),
  historyJobs: wholeNumber(0, 5_000).default(500),
  logFile: z
    .string()
    .transform((path) => resolve(path))
    .optional(),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn or error')
    .default('info'),
  inspectPort: portOr(INSPECT_PORT).optional(),
  metricsPort: portOr(METRICS_PORT).optional(),
  ...alertForms,
});

/** Also what no setting says alone. */
const wholeSchema = schema.superRefine((values, context) => {
  for (const { setting, message } of orchardConflicts(values))
    context.addIssue({ code: 'custom', path: [setting], message });
  const message = jobsConflict(values);
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['maxConcurrent'], message });
});

export type Config = Omit<z.output<typeof schema>, keyof JobsAtOnce> & JobsAtOnce;

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
  raw.imageDir ??= defaultImageDir(env);
  raw.vmDriver ??= defaultVmDriver(platform, hasQemu(env, raw.imageDir, raw.tartImage));
  if (raw.vmDriver === 'orchard') raw.vmCloneTimeoutSeconds ??= ORCHARD_CLONE_TIMEOUT_SECONDS;
  raw.stateDir ??= defaultStateDir(env, platform);
  const result = wholeSchema.safeParse(raw);
  if (!result.success) throw invalid(result.error, raw);
  const usesOldName = !env.PERRY_HUB_WORKER_SECRET && Boolean(env.PERRY_HUB_SECRET);
  const data = { ...result.data, ...jobsOf(result.data) };
  const { limit } = vmDriverFacts(data.vmDriver);
  const exceeded = limit && data.maxConcurrent > limit.machines ? limit : undefined;
  return {
    config: exceeded ? { ...data, maxConcurrent: exceeded.machines } : data,
    warnings: [
      ...(usesOldName ? [OLD_NAME] : []),
      ...(exceeded ? [tooMany(exceeded)] : []),
      ...unknownVariables(env),
    ],
  };
}

/** What one process of a run may take. */
export type RunMemory = Pick<Config, 'runHeapMb' | 'runMemoryMb'>;

/**
 * The same for a command that has no other setting.
 *
 * @throws ShipError CONFIG_INVALID
 */
export function loadRunMemory(env: NodeJS.ProcessEnv): RunMemory {
  const raw = {
    runHeapMb: env[settings.runHeapMb.variable] || undefined,
    runMemoryMb: env[settings.runMemoryMb.variable] || undefined,
  };
  const result = schema.pick({ runHeapMb: true, runMemoryMb: true }).safeParse(raw);
  if (!result.success) throw invalid(result.error, raw);
  return result.data;
}

/** The name in the environment. */
export const settingVariable = (name: SettingName): string => settings[name].variable;

const tooMany = ({ machines, reason }: NonNullable<VmDriverFacts['limit']>): string =>
  `PERRY_MAX_CONCURRENT_BUILDS is taken as ${machines}: ${reason}.`;

const OLD_NAME =
  'PERRY_HUB_SECRET is read as the worker secret; call it PERRY_HUB_WORKER_SECRET, as the hub does.';

/** Of an address, without what stands before its host or behind its path: it may be a password, or a token. */
function shown(value = ''): string {
  const [scheme = '', ...others] = value.split('://');
  if (others.length === 0) return JSON.stringify(value);
  const rest = others.join('://');
  const [place = '', ...query] = rest.slice(rest.lastIndexOf('@') + 1).split(/[?#]/);
  return JSON.stringify(
    `${scheme}://${rest.includes('@') ? '…@' : ''}${place}${query.length > 0 ? '?…' : ''}`,
  );
}

function invalid(error: z.ZodError, raw: Partial<Record<SettingName, string | undefined>>): ShipError {
  const findings = error.issues.map(({ path, message }) => {
    const name = path[0] as SettingName;
    const setting: { variable: string; secret?: true } = settings[name];
    return `${setting.variable} ${message}${setting.secret ? '' : ` and is ${shown(raw[name])}`}`;
  });
  return new ShipError('CONFIG_INVALID', {
    summary: 'The configuration cannot be used.',
    reason: `${findings.join('; ')}.`,
    nextStep: 'Correct it in the environment or in the file given with --env-file, and start again.',
  });
}
