import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/run.ts';
import type { Environment } from './probe.ts';
import { rcodesignVersion } from './release.ts';

/**
 * Trades optimisation for build time: no notary and upload commands with their AWS libraries (the worker speaks to
 * Apple itself), and only the crates that a signature spends its time in are optimised. Measured on two cores:
 * 3 min 10 s for the build, and a 300 MB bundle is signed in 2.4 s (2.3 s by the release binary).
 */
const buildSettings = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '64',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  CARGO_PROFILE_RELEASE_STRIP: 'symbols',
};

/** Crates that hash, sign and parse, with their levels of optimisation. */
const optimisedCrates = {
  sha2: 3,
  sha1: 3,
  ring: 3,
  rsa: 3,
  'num-bigint-dig': 3,
  memchr: 3,
  goblin: 1,
} as const;

const optimisations = Object.entries(optimisedCrates).flatMap(([crate, level]) => [
  '--config',
  `profile.release.package.${crate}.opt-level=${level}`,
]);

/** A line of progress for so many compiled crates; the whole build has about 330. */
const CRATES_PER_LINE = 20;

/**
 * Builds the pinned version with cargo into `<folder>/bin/rcodesign`; takes minutes.
 *
 * @throws ShipError COMMAND_NOT_FOUND without cargo · Error with cargo's last words · the signal's reason
 */
export async function buildFromSource(
  folder: string,
  env: Environment,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<void> {
  const target = join(folder, 'target');
  const args = ['install', '--locked', 'apple-codesign', '--version', rcodesignVersion, ...optimisations];
  const result = await run('cargo', [...args, '--no-default-features', '--root', folder], {
    signal,
    cwd: folder,
    env: { ...settingsOfCargo(env), ...buildSettings, CARGO_TARGET_DIR: target },
    onStderrLine: compileProgress(onProgress),
  });
  await rm(target, { recursive: true, force: true });
  if (result.exitCode !== 0) throw new Error(lastWords(result.stderr));
}

/** Where cargo keeps its things and how it reaches the registry; never the tokens for publishing. */
const settingsOfCargo = (env: Environment): Record<string, string> => {
  const wanted = /^(?:PATH$|HOME$|CARGO_|RUSTUP_|SSL_CERT_(?:FILE|DIR)$|(?:https?|all|no)_proxy$)/i;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      wanted.test(name) && !/^CARGO_.*TOKEN/i.test(name) && value ? [[name, value]] : [],
    ),
  );
};

/** cargo writes `   Compiling ring v0.17.8` for each crate when it begins with it. */
const compileProgress = (onProgress: (line: string) => void): ((line: string) => void) => {
  let crates = 0;
  return (line) => {
    const crate = /^\s*Compiling (\S+ v\S+)/.exec(line)?.[1];
    if (!crate) return;
    crates += 1;
    if (crates % CRATES_PER_LINE === 1) onProgress(`building rcodesign: ${crates} crates begun (${crate})`);
  };
};

const lastWords = (stderr: string): string => {
  const lines = stderr.trim().split('\n');
  const error = lines.find((line) => line.startsWith('error'));
  return (error ?? lines.at(-1) ?? 'cargo failed without a word').trim().slice(0, 300);
};
