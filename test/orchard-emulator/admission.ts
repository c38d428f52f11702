import { randomUUID } from 'node:crypto';
import { NO_TIME, Refusal, TART_VMS, type Vm } from './resources.ts';

/** Fields of a machine, and the JSON types that Go takes for them; another type is a 400, another field is ignored. */
const FIELDS: Readonly<Record<string, string>> = {
  ...{ name: 'string', image: 'string', imagePullPolicy: 'string', username: 'string', password: 'string' },
  ...{ os: 'string', arch: 'string', runtime: 'string', restart_policy: 'string', powerState: 'string' },
  ...{ cpu: 'number', memory: 'number', diskSize: 'number' },
  ...{ headless: 'boolean', nested: 'boolean', suspendable: 'boolean', randomSerial: 'boolean' },
  ...{ netSoftnet: 'boolean', 'net-softnet': 'boolean', 'net-bridged': 'string' },
  ...{ netSoftnetAllow: 'array', netSoftnetBlock: 'array', hostDirs: 'array' },
  ...{ resources: 'object', labels: 'object', startup_script: 'object' },
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  os: ['darwin', 'linux'],
  arch: ['arm64', 'amd64'],
  runtime: ['tart', 'vetu'],
};

const NOT_FOR_VETU = ['netSoftnet', 'netSoftnetAllow', 'netSoftnetBlock', 'suspendable', 'hostDirs'];

type Wish = Readonly<Record<string, unknown>>;

/** What is right for the controller, and still not what this client should send. */
export function objections(wish: Wish): string[] {
  const unknown = Object.keys(wish).filter((field) => FIELDS[field] === undefined);
  return [
    ...unknown.map((field) => `a machine has no field "${field}"`),
    ...(wish.restart_policy === 'OnFailure' ? ['restart_policy OnFailure'] : []),
    ...(wish.startup_script ? ['startup_script'] : []),
    ...(wish.headless === true ? [] : ['a machine with a window on the Mac']),
  ];
}

/**
 * The machine that a POST makes.
 *
 * @throws Refusal 400 · 412, with the texts of Orchard 0.55.0
 */
export function admit(body: unknown): Vm {
  const wish = typed(body);
  const { name = '', image = '' } = wish as { name?: string; image?: string };
  if (name === '') throw new Refusal(412, 'VM name is empty');
  if (!/^[A-Za-z0-9:\-_.]+$/.test(name))
    throw new Refusal(412, 'VM name name contains restricted characters, please only use [A-Za-z0-9:-_.]');
  if (image === '') throw new Refusal(412, 'VM image is empty');
  oneOf(wish, 'imagePullPolicy', ['IfNotPresent', 'Always'], 'image pull policy');
  oneOf(wish, 'restart_policy', ['Never', 'OnFailure'], 'restart policy');
  const { os = 'darwin', arch = 'arm64', runtime = 'tart' } = wish as Record<string, string>;
  const lacks = runtime === 'vetu' ? NOT_FOR_VETU.find((field) => wish[field]) : undefined;
  if (lacks) throw new Refusal(412, `runtime "vetu" does not support field "${lacks}"`);
  if (Array.isArray(wish.hostDirs) && wish.hostDirs.length > 0) throw new Refusal(400);
  const uid = randomUUID();
  const localName = `orchard-${name}-${uid}-0`;
  const wanted = wish.resources as Record<string, number> | undefined;
  const resources = runtime === 'tart' ? { [TART_VMS]: 1, ...wanted } : { ...wanted };
  return {
    ...{ imagePullPolicy: 'IfNotPresent', restart_policy: 'Never', username: 'admin', password: 'admin' },
    ...withoutZeros(wish),
    ...{ name, image, os, arch, runtime, resources, uid, localName, tartName: localName },
    ...{ powerState: 'running', status: 'pending', observedGeneration: 0, generation: 0, version: 0 },
    conditions: [{ type: 'scheduled', state: 'false' }],
    createdAt: new Date().toISOString(),
    ...{ scheduled_at: NO_TIME, started_at: NO_TIME, restarted_at: NO_TIME },
  } as unknown as Vm;
}

function typed(body: unknown): Wish {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw notJson();
  for (const [field, value] of Object.entries(body)) {
    const type = FIELDS[field];
    if (type === undefined || value === null) continue;
    if ((Array.isArray(value) ? 'array' : typeof value) !== type) throw notJson();
    if (CHOICES[field] && !CHOICES[field].includes(value as string)) throw new Refusal(400);
  }
  const { resources = {}, labels = {} } = body as { resources?: object; labels?: object };
  if (!Object.values(resources).every((count) => Number.isInteger(count) && count >= 0)) throw notJson();
  if (!Object.values(labels).every((label) => typeof label === 'string')) throw notJson();
  return body as Wish;
}

export const notJson = (): Refusal => new Refusal(400, 'invalid JSON was provided');

function oneOf(wish: Wish, field: string, choices: readonly string[], words: string): void {
  const value = (wish[field] as string | undefined) ?? '';
  if (value !== '' && !choices.includes(value)) throw new Refusal(412, `unsupported ${words}: "${value}"`);
}

const withoutZeros = (wish: Wish): Wish =>
  Object.fromEntries(
    Object.entries(wish).filter(
      ([field, value]) => FIELDS[field] !== undefined && ![0, '', false, null].includes(value as never),
    ),
  );
