import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apps, type Kind } from './bundles.ts';
import type { SigningKit } from './jobs.ts';

export interface ScriptSetup {
  readonly kind: Kind;
  readonly bundle: string;
  readonly kit: SigningKit;
  readonly rcodesign: string;
  readonly plainUrl: string;
}

const SIGN = '"$RCODESIGN" sign --pem-file "$PEM" --timestamp-url none';

const DELIVER = `
sha256sum artifact | cut -d ' ' -f 1 > digest & base64 -w 0 artifact > text
wait
curl -sS --fail -o /dev/null -X POST -H Expect: -H "x-artifact-sha256: $(cat digest)" -T text "$HUB/artifact"`;

/** The same steps by hand, overlapped as well as a shell can. Nothing is verified on the way. */
const scripts: Readonly<Record<Kind, string>> = {
  macos: `
curl -sS --fail "$HUB/bundle?path=$BUNDLE" | base64 -d | tar xz
${SIGN} --code-signature-flags runtime --entitlements-xml-file "$ENTITLEMENTS" "$APP" 2>/dev/null
"$NODE" "$PACK" dmg "$APP" artifact
${SIGN} --binary-identifier @main:image artifact 2>/dev/null
${DELIVER}`,
  ios: `
curl -sS --fail "$HUB/bundle?path=$BUNDLE" | base64 -d > bundle.zip
unzip -q bundle.zip
chmod +x "Payload/$APP/$NAME"
cp "$PROFILE" "Payload/$APP/embedded.mobileprovision"
${SIGN} --entitlements-xml-file "$ENTITLEMENTS" "Payload/$APP" 2>/dev/null
"$NODE" "$PACK" ipa "Payload/$APP" artifact
${DELIVER}`,
};

export interface ScriptRun {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Removing what the script left is not part of its time. */
export async function runScript(setup: ScriptSetup): Promise<ScriptRun> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-bench-script-'));
  try {
    const startedAt = performance.now();
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `${scripts[setup.kind]}\ntimes > times`], {
      cwd: folder,
      env: environmentOf(setup),
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`the script ended with ${code}`);
    const wallMs = performance.now() - startedAt;
    return { wallMs, cpuMs: cpuMsOf(await readFile(join(folder, 'times'), 'utf8')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `times` of bash: user and system time, first of the shell, then of its children, as `0m1.234s`. */
const cpuMsOf = (text: string): number =>
  [...text.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000,
    0,
  );

const environmentOf = ({ kind, bundle, kit, rcodesign, plainUrl }: ScriptSetup) => ({
  PATH: process.env.PATH,
  HUB: plainUrl,
  BUNDLE: bundle,
  NAME: apps[kind].name,
  APP: `${apps[kind].name}.app`,
  PEM: kit.pemFile,
  ENTITLEMENTS: kit.entitlementsFile,
  PROFILE: kit.profileFile ?? '',
  RCODESIGN: rcodesign,
  NODE: process.execPath,
  PACK: fileURLToPath(new URL('pack-program.mjs', import.meta.url)),
});
