import * as z from 'zod';
import { isServiceUrl } from '../domain/service-url.ts';

/** The settings of a cluster, for the list of all. */
export const orchardSettings = {
  orchardUrl: {
    variable: 'PERRY_ORCHARD_URL',
    meaning: 'Address of the controller of an Orchard cluster, for the `orchard` driver',
    defaultText: 'none',
  },
  orchardServiceAccount: {
    variable: 'PERRY_ORCHARD_SERVICE_ACCOUNT',
    meaning: 'Service account of the cluster, with the roles `compute:read` and `compute:write`',
    defaultText: 'none',
  },
  orchardToken: {
    variable: 'PERRY_ORCHARD_TOKEN',
    meaning: 'Token of that account; not its bootstrap token',
    defaultText: 'none',
    secret: true,
  },
  orchardTokenFile: {
    variable: 'PERRY_ORCHARD_TOKEN_FILE',
    meaning:
      'File that holds the token instead, readable by its owner alone; read at the start, and refused beside `PERRY_ORCHARD_TOKEN`',
    defaultText: 'none',
  },
  orchardCaFile: {
    variable: 'PERRY_ORCHARD_CA_FILE',
    meaning: 'Certificate (PEM) of the controller, or of who has issued it; no other one is trusted',
    defaultText: 'the certificates that Node.js trusts',
  },
  orchardFingerprint: {
    variable: 'PERRY_ORCHARD_FINGERPRINT',
    meaning:
      "SHA-256 of the controller's certificate, as Orchard or openssl prints it; no other certificate is accepted, and without `PERRY_ORCHARD_CA_FILE` nothing else is asked of it",
    defaultText: 'any certificate that is trusted',
  },
  orchardLabels: {
    variable: 'PERRY_ORCHARD_LABELS',
    meaning: 'Labels (`key=value`, with commas between) that a worker of the cluster must have',
    defaultText: 'none',
  },
  orchardCpu: {
    variable: 'PERRY_ORCHARD_CPU',
    meaning: 'Processors of a machine in the cluster (1 to 256)',
    defaultText: 'what its worker gives',
  },
  orchardMemoryMb: {
    variable: 'PERRY_ORCHARD_MEMORY_MB',
    meaning: 'Memory (in 2^20 bytes) of a machine in the cluster',
    defaultText: 'what its worker gives',
  },
  orchardOs: {
    variable: 'PERRY_ORCHARD_OS',
    meaning: 'System of the machines in the cluster: `darwin` or `linux`',
    defaultText: '`darwin`',
  },
  orchardArch: {
    variable: 'PERRY_ORCHARD_ARCH',
    meaning: 'Their processor: `arm64` or `amd64`',
    defaultText: '`arm64`',
  },
  orchardRuntime: {
    variable: 'PERRY_ORCHARD_RUNTIME',
    meaning: 'What runs them on the workers: `tart` or `vetu`',
    defaultText: '`tart`',
  },
} as const;

/** In a URL of the controller the programs of Orchard add `/v1` themselves, and so do we. */
const controllerUrl = z
  .string()
  .refine(
    isServiceUrl,
    'must be an https:// address without user, query and fragment; http:// is for this machine only',
  )
  .refine((text) => !URL.canParse(text) || !/\/v1\/?$/.test(new URL(text).pathname), 'must end before "/v1"');

/** Workers and `orchard context create` take it, and no API does. */
export const isBootstrapToken = (text: string): boolean => /^orchard-bootstrap-token-v\d/.test(text);

const token = z
  .string()
  .refine(
    (text) => !isBootstrapToken(text),
    'is a bootstrap token, which workers are given; the token of the account itself is wanted',
  );

/** `pool=signing,disk=fast`. */
const labels = z
  .string()
  .transform((text) => text.split(',').map((label) => label.split('=').map((part) => part.trim())))
  .refine(
    (pairs) => pairs.every(({ length, 0: key }) => length === 2 && key !== ''),
    'must have the form key=value,key=value',
  )
  .refine((pairs) => new Set(pairs.map(([key]) => key)).size === pairs.length, 'has a key twice')
  .transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs));

const SHA256_HEX_DIGITS = 64;
/**
 * As the programs of Orchard (0.55.0) print it, `AB CD …`, as openssl does, `AB:CD:…` or the whole line `sha256
 * Fingerprint=AB:CD:…`, or without anything between.
 */
const fingerprint = z
  .string()
  .transform((text) =>
    text
      .replace(/^\s*sha-?256 fingerprint=/i, '')
      .replace(/[\s:]/g, '')
      .toUpperCase(),
  )
  .refine(
    (hex) => hex.length === SHA256_HEX_DIGITS && /^[0-9A-F]+$/.test(hex),
    'must be the SHA-256 of a certificate, 64 hexadecimal digits',
  )
  .transform((hex) => (hex.match(/../g) ?? []).join(':'));

const accountName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,200}$/, 'must be a name of letters, digits, "-", "_" and "."');

/** Those settings of a cluster that have no form in common with others. */
export const orchardForms = {
  orchardUrl: controllerUrl.optional(),
  orchardServiceAccount: accountName.optional(),
  orchardToken: token.optional(),
  orchardTokenFile: z.string().optional(),
  orchardCaFile: z.string().optional(),
  orchardFingerprint: fingerprint.optional(),
  orchardLabels: labels.default({}),
  orchardOs: z.enum(['darwin', 'linux'], 'must be darwin or linux').default('darwin'),
  orchardArch: z.enum(['arm64', 'amd64'], 'must be arm64 or amd64').default('arm64'),
  orchardRuntime: z.enum(['tart', 'vetu'], 'must be tart or vetu').default('tart'),
};

const schema = z.object(orchardForms);
interface Conflict {
  readonly setting: keyof typeof orchardForms;
  readonly message: string;
}

/** The one that was set is named, and not the one that nobody has set. */
const onlyOfMacs = (right: string, wanted: string): string =>
  `must be ${right} while PERRY_ORCHARD_OS is darwin, which it is unless set (for ${wanted}, set that to linux)`;

/** What is right by itself, and cannot be together. */
export function orchardConflicts(values: z.output<typeof schema>): Conflict[] {
  const { orchardToken, orchardTokenFile, orchardUrl = '', orchardCaFile, orchardFingerprint } = values;
  const { orchardOs: os, orchardArch: arch, orchardRuntime: runtime } = values;
  const isPlain = orchardUrl.startsWith('http:');
  const conflicts: (Conflict | false)[] = [
    orchardToken !== undefined &&
      orchardTokenFile !== undefined && {
        setting: 'orchardTokenFile',
        message: 'cannot be set together with PERRY_ORCHARD_TOKEN',
      },
    isPlain &&
      (orchardCaFile ?? orchardFingerprint) !== undefined && {
        setting: 'orchardUrl',
        message: 'must be an https:// address where a certificate is expected',
      },
    // machines of other kinds wait for a worker for ever
    os === 'darwin' && arch !== 'arm64' && { setting: 'orchardArch', message: onlyOfMacs('arm64', arch) },
    os === 'darwin' &&
      runtime !== 'tart' && { setting: 'orchardRuntime', message: onlyOfMacs('tart', runtime) },
    runtime === 'tart' &&
      arch === 'amd64' &&
      os === 'linux' && {
        setting: 'orchardRuntime',
        message: 'must be vetu for PERRY_ORCHARD_ARCH=amd64',
      },
  ];
  return conflicts.filter((conflict) => conflict !== false);
}
