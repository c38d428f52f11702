import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What a guest writes to its own disk, and what of it is there at the next boot. Places of the system lie below `root` in
 * its home folder; the programs in guest-tools know that.
 */
const KEPT = ['root', '.ssh'];
const MADE = ['root/etc/ssh/sshd_config.d', 'root/usr/local/bin', 'root/Applications', 'tmp'];

export function layOut(home, disk) {
  for (const folder of MADE) mkdirSync(join(home, folder), { recursive: true });
  for (const [path, { mode, base64 }] of Object.entries(disk.files ?? {})) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(base64, 'base64'));
    chmodSync(file, mode);
  }
}

/** A guest that shuts down has written its disk; one whose power is cut has not. */
export function writeDisk(dir, home) {
  const image = join(dir, 'disk.img');
  const disk = JSON.parse(readFileSync(image, 'utf8'));
  const files = Object.fromEntries(KEPT.flatMap((folder) => [...filesBelow(home, folder)]));
  writeFileSync(image, JSON.stringify({ ...disk, files }));
}

function* filesBelow(home, folder) {
  if (!existsSync(join(home, folder))) return;
  for (const item of readdirSync(join(home, folder), { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) yield* filesBelow(home, path);
    else {
      const file = join(home, path);
      yield [path, { mode: statSync(file).mode & 0o7777, base64: readFileSync(file).toString('base64') }];
    }
  }
}

const textOf = (...path) => {
  try {
    return readFileSync(join(...path), 'utf8');
  } catch {
    return undefined;
  }
};

/** Who may log in and which host key is shown: by the files of the guest where they say so, else as the image was made. */
export function loginOf(home, disk) {
  const folder = join(home, 'root/etc/ssh/sshd_config.d');
  const settings = readdirSync(folder)
    .sort()
    .map((name) => textOf(folder, name))
    .join('\n');
  const keys = textOf(home, '.ssh/authorized_keys');
  return {
    hostKey: textOf(home, 'root/etc/ssh/ssh_host_ed25519_key') ?? disk.hostKey,
    user: disk.user,
    password: /^PasswordAuthentication no$/m.test(settings) ? undefined : disk.password,
    authorizedKeys: keys === undefined ? disk.authorizedKeys : keys.split('\n').filter((line) => line !== ''),
    port: disk.port,
  };
}
