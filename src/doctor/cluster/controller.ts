import type { ControllerCertificate } from '../../adapters/vm/orchard/certificate.ts';
import { expectUsable } from '../../adapters/vm/orchard/info.ts';
import type { OrchardSettings } from '../../adapters/vm/orchard/options.ts';
import type { ClusterRole } from '../../adapters/vm/orchard/roles.ts';
import { ShipError } from '../../errors.ts';
import { type Check, type Finding, failed, ok, remark } from '../check.ts';
import { after, type ClusterVisit } from './visit.ts';

/** The one that this program was tried with. */
const KNOWN = [0, 55] as const;
const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

export const controllerChecks = (visit: ClusterVisit): Check[] => [
  controllerAnswers(visit),
  after(visit.certificate, rightCertificate(visit)),
  after(async (signal) => {
    if ((await visit.certificate(signal))?.fault !== undefined) throw new Error('not trusted');
  }, knownAccount(visit)),
  after(visit.info, knownVersion(visit)),
  after(visit.info, rolesOfAccount(visit)),
];

const controllerAnswers = (visit: ClusterVisit): Check => ({
  question: 'Does the controller of the cluster answer?',
  ask: async (signal) => {
    const { url } = await visit.settings(signal);
    const startedAt = performance.now();
    await visit.certificate(signal);
    return ok(`${url}, after ${(performance.now() - startedAt).toFixed(0)} ms`);
  },
});

const rightCertificate = (visit: ClusterVisit): Check => ({
  question: 'Is its certificate the right one?',
  ask: async (signal) => {
    const shown = await visit.certificate(signal);
    if (!shown) return ok('It has none: without TLS, on this very host');
    const settings = await visit.settings(signal);
    return shown.fault === undefined ? takenFinding(shown, settings) : refusedFinding(shown, shown.fault);
  },
});

function takenFinding(shown: ControllerCertificate, { ca, fingerprint }: OrchardSettings): Finding {
  const by = [
    ...(ca === undefined ? [] : ['trusted by PERRY_ORCHARD_CA_FILE']),
    ...(fingerprint === undefined ? [] : ['pinned by PERRY_ORCHARD_FINGERPRINT']),
  ];
  const evidence = `${describe(shown)}; ${by.join(' and ') || 'trusted as Node.js does'}`;
  const days = Math.floor((shown.endsAtMs - Date.now()) / DAY_MS);
  if (days >= SOON_DAYS) return ok(evidence);
  return remark(
    `${evidence}; it ${days < 0 ? 'has ended' : `ends in ${days} days`}`,
    'Give the controller a new certificate, and PERRY_ORCHARD_CA_FILE or PERRY_ORCHARD_FINGERPRINT what belongs to it.',
  );
}

function refusedFinding(shown: ControllerCertificate, fault: string): Finding {
  const evidence = `It is not (${fault}): ${describe(shown)}`;
  if (fault === 'CERT_HAS_EXPIRED') return failed(evidence, 'Give the controller a new certificate.');
  if (fault === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      evidence,
      'Let PERRY_ORCHARD_URL use a name that the certificate has, or pin the certificate with PERRY_ORCHARD_FINGERPRINT.',
    );
  return failed(
    evidence,
    `On the host of the controller run "openssl x509 -noout -fingerprint -sha256 -in controller.crt": if it prints the same, set PERRY_ORCHARD_FINGERPRINT to it; if not, somebody else answers at that address.`,
  );
}

const describe = ({ subject, names, endsAtMs, fingerprint }: ControllerCertificate): string => {
  const until = Number.isNaN(endsAtMs) ? 'an unknown day' : new Date(endsAtMs).toISOString().slice(0, 10);
  return `${subject}, for ${names || 'no name'}, until ${until}, SHA-256 ${fingerprint}`;
};

const knownAccount = (visit: ClusterVisit): Check => ({
  question: 'Does it know the service account?',
  ask: async (signal) => {
    const { serviceAccount } = await visit.settings(signal);
    try {
      await visit.info(signal);
      return ok(`Yes, "${serviceAccount}"`);
    } catch (error) {
      if (!(error instanceof ShipError) || error.code !== 'CLUSTER_REFUSED') throw error;
      return failed(
        `It refuses "${serviceAccount}", or its token`,
        `Set PERRY_ORCHARD_TOKEN, or the file of PERRY_ORCHARD_TOKEN_FILE, to what "orchard get service-account ${serviceAccount}/token" prints; a new account: ${creation(serviceAccount)}`,
      );
    }
  },
});

const creation = (account: string): string =>
  `orchard create service-account "${account}" --roles compute:read --roles compute:write`;

const knownVersion = (visit: ClusterVisit): Check => ({
  question: 'Is its version one that is known?',
  ask: async (signal) => {
    const info = await visit.info(signal);
    expectUsable(info);
    const evidence = `Orchard ${info.version}, with ${info.capabilities.join(', ')}`;
    const difference = differenceOf(info.version);
    if (difference === undefined) return ok(evidence);
    return remark(
      `${evidence}; ${difference} 0.55, which perry-ship was tried with`,
      'Run "perry-ship image check", which makes a machine, enters and removes it, before jobs do; with Orchard 0.55.0 nothing is in doubt.',
    );
  },
});

/** `undefined` for the same; changes of the patch number change nothing for clients. */
function differenceOf(version: string): 'older than' | 'newer than' | 'not to be compared with' | undefined {
  const [, major, minor] = /^v?(\d{1,6})\.(\d{1,6})(?:\D|$)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return 'not to be compared with';
  const order = Number(major) - KNOWN[0] || Number(minor) - KNOWN[1];
  if (order === 0) return undefined;
  return order < 0 ? 'older than' : 'newer than';
}

const NEEDED: readonly ClusterRole[] = ['compute:read', 'compute:write'];

const rolesOfAccount = (visit: ClusterVisit): Check => ({
  question: 'What may the service account do?',
  ask: async (signal) => {
    const roles = await visit.roles(signal);
    const { serviceAccount } = await visit.settings(signal);
    const missing = NEEDED.filter((role) => !roles.has(role));
    const more = [...roles].filter((role) => !NEEDED.includes(role));
    const has = [...roles].join(', ') || 'nothing';
    if (missing.length > 0)
      return failed(
        `${has}: it lacks ${missing.join(' and ')}`,
        `Make it anew, and take its new token from "orchard get service-account ${serviceAccount}/token": orchard delete service-account "${serviceAccount}"; ${creation(serviceAccount)}`,
      );
    if (more.length === 0) return ok(`${has}, and no more`);
    return remark(
      `${has}: ${DANGERS.filter(([role]) => roles.has(role))
        .map(([, danger]) => danger)
        .join(', and ')}`,
      `Use an account that has no more than it needs: ${creation('signer')}`,
    );
  },
});

const DANGERS: readonly (readonly [ClusterRole, string])[] = [
  ['admin:read', 'whoever has its token can read the tokens of all accounts'],
  ['admin:write', 'can make accounts, and can enter every port of the Macs'],
];
