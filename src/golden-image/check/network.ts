import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { shellCommand } from '../../adapters/guest/ssh/quote.ts';
import { type Check, type Finding, failed, ok, remark } from '../../doctor/check.ts';
import type { TrialGuest } from './trial.ts';

/** A name server and a web server that are nearly always there. */
const PUBLIC = ['9.9.9.9:53', '1.1.1.1:443'];
/** How QEMU's user network and that of macOS call the host, and QEMU's name server. */
const HOST_ADDRESSES = ['10.0.2.2', '192.168.64.1'];
const QEMU_NAMES = '10.0.2.3:53';
/** Its own SSH server: that it is reached proves that the tool works. */
const CONTROL = '127.0.0.1:22';

/** Prints each address that takes a connection. The netcat of busybox cannot just look; it runs a program once it is connected. */
const script = (addresses: readonly string[]): string => `
if command -v busybox > /dev/null; then reach() { busybox nc -w 2 "$1" "$2" -e true; }
else reach() { nc -z -w 2 "$1" "$2"; }; fi
for each in ${addresses.join(' ')}; do
  reach "\${each%:*}" "\${each#*:}" > /dev/null 2>&1 < /dev/null && echo "$each"
done; true`;

/** What the guest reaches by itself, found out from inside, with a listener of ours on this host among what it tries. */
export const networkQuestion = ({ session, driver }: TrialGuest): Check => ({
  question: 'What does it reach by itself?',
  ask: async (signal) => {
    const server = createServer((connection) => connection.destroy());
    await once(server.listen(0, '127.0.0.1'), 'listening', { signal });
    try {
      const { port } = server.address() as AddressInfo;
      const onHost = HOST_ADDRESSES.flatMap((host) => [`${host}:${port}`, `${host}:22`, `${host}:53`]);
      const tried = [...onHost, QEMU_NAMES, ...PUBLIC];
      const line = shellCommand(['sh', '-c', script([CONTROL, ...tried])]);
      const { stdout } = await session.exec(line, { signal });
      const reached = [CONTROL, ...tried].filter((each) => stdout.split('\n').includes(each));
      const { network } = await driver.reach({ signal });
      return findingOf(network, reached, onHost);
    } finally {
      server.close();
    }
  },
});

type Reach = Awaited<ReturnType<TrialGuest['driver']['reach']>>['network'];

function findingOf(network: Reach, reached: readonly string[], onHost: readonly string[]): Finding {
  const others = reached.filter((each) => each !== CONTROL);
  const evidence = others.length === 0 ? 'Nothing that was tried, this host included' : others.join(', ');
  if (network === 'shared' || network === 'host')
    return remark(
      `All that this host reaches (${evidence.toLowerCase()})`,
      'Leave PERRY_GUEST_NETWORK unset, and use a driver whose machines can do without a network.',
    );
  const wrong = network === 'none' ? others : others.filter((each) => !onHost.includes(each));
  if (wrong.length > 0)
    return failed(
      `${wrong.join(', ')}, and it should not`,
      'Do not sign with it, and report this to the maintainers.',
    );
  if (!reached.includes(CONTROL))
    return remark('Not known: the guest has nothing to try it with', 'Put netcat into the image.');
  return ok(evidence);
}
