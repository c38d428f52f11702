import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { delimiter, join } from 'node:path';
import { TartError, usageError } from './failures.mjs';

const BEGINS = ['--net-softnet', '--net-softnet-allow', '--net-softnet-block', '--net-softnet-expose'];

/** The options about Softnet each imply it; it goes with no other network. */
export function requireOneNetwork(options) {
  const wanted = [wantsSoftnet(options), '--net-bridged' in options, '--net-host' in options];
  if (wanted.filter(Boolean).length > 1)
    throw usageError('run', '--net-bridged, --net-softnet and --net-host are mutually exclusive');
}

const wantsSoftnet = (options) => BEGINS.some((name) => name in options);

/**
 * The packet filter, as far as a guest notices: whether its answers reach the host. The longest prefix wins, and for the
 * same prefix `block` does; without a rule the host is reached. The rules are left beside the disk for tests to read.
 */
export async function startSoftnet(options, dir) {
  if (!wantsSoftnet(options)) return { reachesHost: true };
  if (!isOnPath('softnet')) throw new TartError(1, 'InitializationFailed(why: "softnet not found in PATH")');
  const [allow, block] = ['--net-softnet-allow', '--net-softnet-block'].map((name) => rulesOf(options[name]));
  await writeFile(join(dir, 'softnet.json'), JSON.stringify({ allow, block }));
  if (block.includes('@host')) return { reachesHost: false };
  return { reachesHost: allow.includes('@host') || !block.includes('0.0.0.0/0') };
}

/** Softnet ends at once when it does not understand a rule, and Tart with it. */
function rulesOf(text = '') {
  const rules = text === '' ? [] : text.split(',');
  if (rules.every((rule) => rule === '@host' || isPrefix(rule))) return rules;
  throw new TartError(1, 'RuntimeFailed(why: "Softnet process terminated prematurely")');
}

function isPrefix(rule) {
  const [address, bits, ...rest] = rule.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(bits ?? '') && Number(bits) <= 32 && rest.length === 0;
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
