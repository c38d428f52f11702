import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** As the controller makes it at its first start: P-384, self-signed, for the name `orchard-controller` alone, no authority. */
export function controllerCertificate(name = 'orchard-controller', days = 3_650): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'orchard-certificate-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'crt')];
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1', '-nodes'];
  const what = ['-subj', '/CN=Orchard Controller', '-addext', `subjectAltName=DNS:${name}`];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  execFileSync('openssl', ['req', ...how, ...what, ...leaf, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  // signed once more: only so can a certificate be made that has ended
  execFileSync('openssl', ['x509', '-in', cert, '-signkey', key, '-days', String(days), '-out', cert], {
    stdio: 'ignore',
  });
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return made;
}
