import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../adapters/process/run.ts';
import { ShipError } from '../errors.ts';

/** Makes replies with `openssl ts -reply`, one at a time: openssl keeps the serial number in a file. */
export interface ReplyMaker {
  /** A DER `TimeStampResp` for a DER `TimeStampReq`; a query that is no query gets a reply with status "rejection". */
  reply(query: Uint8Array): Promise<Buffer>;
  /** Waits for the reply under way, then removes the key. */
  remove(): Promise<void>;
}

const OPENSSL_TIMEOUT_MS = 20_000;

/**
 * The certificate must be for time stamping only, and say so critically (RFC 3161, section 2.3). Paths are relative:
 * openssl runs in the folder. `ess_cert_id_alg` is SHA-256 as RFC 5816 wants it.
 */
const configuration = `
[tsa]
default_tsa = authority
[authority]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.crt
certs = ./tsa.crt
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.1
digests = sha1, sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[req]
distinguished_name = subject
prompt = no
x509_extensions = extensions
[subject]
CN = perry-ship demo time-stamp authority
[extensions]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
`;

/** Makes key and certificate in a private folder. */
export async function createAuthority(): Promise<ReplyMaker> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-ship-tsa-'));
  try {
    await writeFile(join(folder, 'tsa.cnf'), configuration, { mode: 0o600 });
    await writeFile(join(folder, 'serial'), '01\n', { mode: 0o600 });
    const files = ['-config', 'tsa.cnf', '-keyout', 'tsa.key', '-out', 'tsa.crt'];
    await openssl(folder, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', ...files]);
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
  return repliesIn(folder);
}

function repliesIn(folder: string): ReplyMaker {
  let last: Promise<unknown> = Promise.resolve();
  return {
    reply: (query) => {
      const mine = last.then(() => replyOnce(folder, query));
      last = mine.catch(() => undefined);
      return mine;
    },
    remove: async () => {
      await last;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function replyOnce(folder: string, query: Uint8Array): Promise<Buffer> {
  const reply = join(folder, 'reply.tsr');
  await rm(reply, { force: true });
  await writeFile(join(folder, 'query.tsq'), query);
  await openssl(folder, [
    'ts',
    '-reply',
    '-config',
    'tsa.cnf',
    '-queryfile',
    'query.tsq',
    '-out',
    'reply.tsr',
  ]);
  return readFile(reply);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await run('openssl', args, { cwd: folder, timeoutMs: OPENSSL_TIMEOUT_MS });
  if (exitCode === 0) return;
  throw new ShipError('TIMESTAMP_AUTHORITY_FAILED', {
    summary: 'The time-stamp authority of the demo could not be set up.',
    reason: `"openssl ${args[0]}" ended with exit code ${exitCode ?? 'unknown'}.`,
    nextStep:
      'Check that "openssl version" names OpenSSL 3 or LibreSSL 3.3 or newer, and install one of these.',
    detail: { exitCode, stderrTail: stderr.slice(-2048) },
  });
}
