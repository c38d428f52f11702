import ssh2, { type CipherAlgorithm, type Client, type ClientChannel } from 'ssh2';
import { algorithms } from '../../src/adapters/guest/ssh/algorithms.ts';
import { median, table } from './statistics.ts';
import type { BootedMachine } from './vm-boots.ts';

const CIPHERS: readonly CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes256-ctr',
];
const MEGABYTES = 5;
const BYTES = MEGABYTES * 1_000_000;
const RUNS = 3;

/** How much goes through SSH into one guest and out of it, by cipher; without the login. */
export async function benchCiphers({ driver, name }: BootedMachine): Promise<string> {
  const signal = new AbortController().signal;
  const session = await driver.openGuest(await driver.locate(name, { signal }), { signal });
  const access = session.access?.();
  if (access === undefined) throw new Error('the machine says no way in');
  const rows = [['cipher', 'in', 'out']];
  for (const cipher of CIPHERS) {
    const client = await connectWith(cipher, access);
    const [into, out]: number[][] = [[], []];
    for (let run = 0; run < RUNS; run += 1) {
      into?.push(await timed(client, 'cat > /dev/null', Buffer.alloc(BYTES)));
      out?.push(await timed(client, `head -c ${BYTES} /dev/zero`));
    }
    client.end();
    rows.push([cipher, rate(into ?? []), rate(out ?? [])]);
  }
  await session.close();
  return `(h) ${MEGABYTES} MB through SSH, median of ${RUNS}; the order of our client: ${algorithms.cipher}\n\n${table(rows)}`;
}

type Access = NonNullable<
  ReturnType<NonNullable<Awaited<ReturnType<BootedMachine['driver']['openGuest']>>['access']>>
>;

function connectWith(cipher: CipherAlgorithm, { address, credentials }: Access): Promise<Client> {
  const { host, port, user: username } = address;
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client)).once('error', reject);
    client.connect({
      ...{ host, port, username, ...credentials, readyTimeout: 60_000 },
      algorithms: { ...algorithms, cipher: [cipher] },
    });
  });
}

/** Milliseconds until the command has ended. */
async function timed(client: Client, command: string, stdin?: Buffer): Promise<number> {
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    client.exec(command, (error: Error | undefined, channel: ClientChannel) => {
      if (error) return reject(error);
      channel.resume().once('close', () => resolve());
      channel.end(stdin);
    });
  });
  return performance.now() - startedAt;
}

const rate = (times: readonly number[]): string => `${(MEGABYTES / (median(times) / 1_000)).toFixed(1)} MB/s`;
