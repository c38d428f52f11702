/** `pkgutil.mjs PKG`: what `pkgutil --check-signature` says, were every certificate a trusted one. */
import { basename } from 'node:path';
import { checkPackage } from '../../../dist/src/files/xar/check-package.js';

const [path = ''] = process.argv.slice(2);

async function statusOf() {
  const report = await checkPackage(path, { signal: new AbortController().signal }).catch(() => undefined);
  if (!report) return 'package is invalid (could not be opened)';
  if (!report.cms && report.findings.some(({ code }) => code === 'SIGNATURE_MISSING')) return 'no signature';
  if (report.findings.length > 0) return 'package is invalid (checksum did not verify)';
  return 'signed by a certificate trusted by macOS';
}

const status = await statusOf();
process.stdout.write(`Package "${basename(path)}":\n   Status: ${status}\n`);
process.exitCode = status.startsWith('signed') ? 0 : 1;
