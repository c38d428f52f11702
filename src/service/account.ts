import { run } from '../adapters/process/run.ts';
import { ShipError } from '../errors.ts';
import { parsePlistDict } from '../formats/plist/index.ts';
import type { ServiceFlags, ServiceHost } from './host.ts';

/** Whom a service runs as. */
export interface Account {
  /** Only of a service of the system. */
  readonly user?: string;
  readonly home: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/;
const TIMEOUT_MS = 30_000;

/**
 * The user who installs the service; or the one that was named, as this system knows it, also where its users are kept by a
 * server of directories (LDAP, Open Directory). `--home` names another folder than that of the user.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function accountOf(flags: ServiceFlags, host: ServiceHost): Promise<Account> {
  if (!flags.daemon) return { home: flags.home ?? host.home };
  const user = nameOf(flags, host);
  const entry = await (host.platform === 'darwin' ? inDirectory(user, host) : inPasswd(user, host));
  if (entry === undefined) throw unknownUser(user, host);
  const home = flags.home ?? entry.home;
  if (!home?.startsWith('/')) throw homeless(user);
  return { user, home };
}

/** A user that the system knows. */
interface Entry {
  readonly home: string | undefined;
}

function nameOf({ user }: ServiceFlags, host: ServiceHost): string {
  if (user !== undefined && user !== 'root' && NAME.test(user)) return user;
  throw new ShipError('CONFIG_INVALID', {
    summary: 'A service of the system needs a user of its own.',
    reason: user === undefined ? 'None was given.' : `"${user}" is root or not a name that a user has.`,
    nextStep: `Make one, for example with "${toMake('signer', host)}", and give it: sudo perry-ship service install --daemon --user signer`,
  });
}

/** A line like `signer:x:1001:1001:Signer:/home/signer:/bin/bash`. @see getent(1), passwd(5) */
async function inPasswd(user: string, { getent }: ServiceHost): Promise<Entry | undefined> {
  const { exitCode, stdout } = await run(getent, ['passwd', user], { timeoutMs: TIMEOUT_MS });
  return exitCode === 0 ? { home: stdout.split('\n')[0]?.split(':')[5] } : undefined;
}

/** `/Search` has the users of this Mac, and those of the servers that it asks. @see dscl(1) */
async function inDirectory(user: string, { dscl }: ServiceHost): Promise<Entry | undefined> {
  const args = ['-plist', '/Search', '-read', `/Users/${user}`, 'NFSHomeDirectory'];
  const { exitCode, stdout } = await run(dscl, args, { timeoutMs: TIMEOUT_MS });
  if (exitCode !== 0) return undefined;
  const homes = parsePlistDict(Buffer.from(stdout), { name: 'the answer of dscl' })[HOME_KEY];
  const [home] = Array.isArray(homes) ? homes : [];
  return { home: typeof home === 'string' ? home : undefined };
}

const HOME_KEY = 'dsAttrTypeStandard:NFSHomeDirectory';

/** How a user of its own is made. */
const toMake = (user: string, { platform }: ServiceHost): string =>
  platform === 'darwin'
    ? `sudo sysadminctl -addUser ${user}`
    : `sudo useradd --create-home --shell /usr/sbin/nologin ${user}`;

const unknownUser = (user: string, host: ServiceHost): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `There is no user "${user}" on this host.`,
    reason: `The service is to run as that user, and ${host.platform === 'darwin' ? 'Open Directory' : '"getent passwd"'} knows none of that name.`,
    nextStep: `Give another one with --user, or make this one: ${toMake(user, host)}`,
  });

const homeless = (user: string): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: `The home folder of "${user}" is not known.`,
    reason: 'A service keeps its state below that folder, and none with an absolute path is named.',
    nextStep: 'Name one with --home.',
  });
