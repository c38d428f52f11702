import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates, keys and PKCS#12 files made by the openssl program, in a folder of their own. */
export interface OpensslWorkshop {
  readonly folder: string;
  /** Makes `<name>.key` and a self-made or CA-issued `<name>.pem`. */
  certificate(name: string, options?: CertificateOptions): MadeCertificate;
  /** `openssl pkcs12 -export`; returns the file. */
  p12(options: P12Options): Buffer;
  openssl(...args: string[]): Buffer;
  write(name: string, content: Buffer | string): string;
  read(name: string): Buffer;
  remove(): void;
}

export interface CertificateOptions {
  readonly commonName?: string;
  readonly teamId?: string;
  /** Arguments of `-newkey`, with `-pkeyopt` for curves. */
  readonly key?: 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519';
  /** Name of the certificate that signs this one. */
  readonly issuer?: string;
  readonly authority?: boolean;
  /** Below Apple's arc, e.g. `6.1.13`. */
  readonly markers?: readonly string[];
  /** A second extended key usage beside code signing. */
  readonly usage?: string;
}

export interface MadeCertificate {
  readonly pemFile: string;
  readonly keyFile: string;
  readonly der: Buffer;
}

export interface P12Options {
  readonly certificate: string;
  /** Name of the key's certificate; the same when left out, none when null. */
  readonly key?: string | null;
  readonly password: string;
  readonly extra?: readonly string[];
  /** Names of certificates that are added without a key. */
  readonly others?: readonly string[];
}

const KEY_ARGUMENTS = {
  rsa: ['rsa:2048'],
  p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  p384: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  p521: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1'],
  ed25519: ['ed25519'],
};

export function openWorkshop(): OpensslWorkshop {
  const folder = mkdtempSync(join(tmpdir(), 'perry-ship-identities-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Buffer =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const write = (name: string, content: Buffer | string): string => {
    writeFileSync(path(name), content);
    return path(name);
  };
  return {
    folder,
    openssl,
    write,
    read: (name) => readFileSync(path(name)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
    certificate(name, options = {}) {
      const files = { pemFile: path(`${name}.pem`), keyFile: path(`${name}.key`) };
      openssl(...requestArguments(name, options));
      return { ...files, der: openssl('x509', '-in', files.pemFile, '-outform', 'DER') };
    },
    p12(options) {
      const others = (options.others ?? []).map((other) => readFileSync(path(`${other}.pem`), 'utf8'));
      write('others.pem', others.join(''));
      openssl(...exportArguments(options, others.length > 0));
      return readFileSync(path('made.p12'));
    },
  };
}

function requestArguments(name: string, options: CertificateOptions): string[] {
  const subject = `/CN=${options.commonName ?? name}/OU=${options.teamId ?? 'DEMO123456'}/O=Test/C=US`;
  const extensions = [
    `basicConstraints=critical,CA:${options.authority ? 'TRUE' : 'FALSE'}`,
    ...(options.authority ? [] : [`extendedKeyUsage=codeSigning${options.usage ? `,${options.usage}` : ''}`]),
    ...(options.markers ?? []).map((marker) => `1.2.840.113635.100.${marker}=DER:05:00`),
  ];
  return [
    ...['req', '-x509', '-nodes', '-days', '30', '-utf8', '-subj', subject],
    ...['-newkey', ...KEY_ARGUMENTS[options.key ?? 'rsa'], '-keyout', `${name}.key`, '-out', `${name}.pem`],
    ...(options.issuer ? ['-CA', `${options.issuer}.pem`, '-CAkey', `${options.issuer}.key`] : []),
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ];
}

function exportArguments(options: P12Options, hasOthers: boolean): string[] {
  const key = options.key === null ? undefined : (options.key ?? options.certificate);
  return [
    ...['pkcs12', '-export', '-in', `${options.certificate}.pem`, '-out', 'made.p12'],
    ...(key ? ['-inkey', `${key}.key`] : ['-nokeys']),
    ...(hasOthers ? ['-certfile', 'others.pem'] : []),
    ...['-passout', `pass:${options.password}`, ...(options.extra ?? [])],
  ];
}
