import { mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ShipError } from '../errors.ts';

/**
 * `sun_path` has 104 bytes on macOS, with the zero at its end; Linux has four more. Longer paths are cut or refused.
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/un.h
 */
const MAX_SOCKET_PATH_BYTES = 103;
const SOCKET = 'control.sock';
/** Holds the path of a socket that lies elsewhere, because the path of the state directory is too long. */
const POINTER = 'control.path';
const NURSERY = '.control-';
const ELSEWHERE = 'perry-ship-control-';

export const ownSocketPath = (stateDir: string): string => join(stateDir, SOCKET);

/** Where a daemon on this directory listens, if there is one. */
export async function findSocket(stateDir: string): Promise<string> {
  const pointed = await readFile(join(stateDir, POINTER), 'utf8').catch(() => '');
  return pointed.trim() || ownSocketPath(stateDir);
}

/**
 * A socket is born in a folder that only we can enter, gets its mode there, and is then moved: at no moment can
 * anybody else connect, whatever the umask, and a stale one is replaced in one step.
 */
export interface SocketPlace {
  /** Bind here. */
  readonly birthPath: string;
  /** Moves the bound socket to its place and answers with that. */
  settle(): Promise<string>;
  remove(): Promise<void>;
}

export async function prepareSocketPlace(stateDir: string): Promise<SocketPlace> {
  await clearPlaces(stateDir);
  return fits(join(stateDir, `${NURSERY}XXXXXX`, 's')) ? insideOf(stateDir) : outsideOf(stateDir);
}

async function insideOf(stateDir: string): Promise<SocketPlace> {
  const nursery = await mkdtemp(join(stateDir, NURSERY));
  const birthPath = join(nursery, 's');
  const path = ownSocketPath(stateDir);
  return {
    birthPath,
    settle: async () => {
      await rename(birthPath, path);
      await rm(nursery, { recursive: true, force: true });
      return path;
    },
    remove: () => clearPlaces(stateDir),
  };
}

async function outsideOf(stateDir: string): Promise<SocketPlace> {
  const base = [tmpdir(), '/tmp'].find((dir) => fits(join(dir, `${ELSEWHERE}XXXXXX`, SOCKET)));
  if (base === undefined) throw tooLong(stateDir);
  const birthPath = join(await mkdtemp(join(base, ELSEWHERE)), SOCKET);
  return {
    birthPath,
    settle: async () => {
      await writeFile(join(stateDir, POINTER), `${birthPath}\n`, { mode: 0o600 });
      return birthPath;
    },
    remove: async () => {
      await removeElsewhere(birthPath);
      await clearPlaces(stateDir);
    },
  };
}

/** Removes what this or a previous process left; only the holder of the lock may call it. */
async function clearPlaces(stateDir: string): Promise<void> {
  const path = await findSocket(stateDir);
  if (basename(dirname(path)).startsWith(ELSEWHERE)) await removeElsewhere(path);
  const nurseries = (await readdir(stateDir)).filter((name) => name.startsWith(NURSERY));
  for (const name of [SOCKET, POINTER, ...nurseries])
    await rm(join(stateDir, name), { recursive: true, force: true });
}

async function removeElsewhere(path: string): Promise<void> {
  await rm(path, { force: true });
  await rmdir(dirname(path)).catch(() => {});
}

const fits = (path: string): boolean => Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;

const tooLong = (stateDir: string): ShipError =>
  new ShipError('CONFIG_INVALID', {
    summary: 'The control socket has no place: the paths of the state directory and of TMPDIR are too long.',
    reason: `A socket's path may have ${MAX_SOCKET_PATH_BYTES} bytes.`,
    nextStep: 'Set PERRY_STATE_DIR to a directory with a shorter path.',
    detail: { stateDir },
  });
