import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/audit/chain-line.ts';
import { chainIn } from '../../src/audit/places.ts';
import { signedLine } from '../../src/audit/signed-line.ts';
import { iosDemoApp, macDemoApp } from '../../src/demo/bundles/index.ts';
import type { ThrowawayIdentity } from '../../src/demo/throwaway-identity.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { patience } from '../helpers/daemon.ts';
import { useDaemonRoom } from '../helpers/daemon-room.ts';
import { faultsOfStatements, hasInToto } from '../helpers/in-toto.ts';
import { type RunningCli, startCli } from './cli.ts';

const room = useDaemonRoom({ settings: { PERRY_LOG_LEVEL: 'info', PERRY_PROVENANCE: 'on' } });

const chain = () => chainIn(room.state);
const text = () => readFile(chain(), 'utf8');
const lines = async () => (await text()).split('\n').filter((line) => line.endsWith('}'));
const parsed = async () => (await lines()).map((line) => JSON.parse(line));

async function daemon(): Promise<RunningCli> {
  const started = room.daemon();
  await started.said(/linked to the hub/);
  return started;
}

async function signed(running: RunningCli, job: JobSubmission): Promise<string> {
  const jobId = await room.submit(job);
  expect(await room.hub.completed(jobId, patience())).toMatchObject({ success: true });
  await running.said(new RegExp(`"kind":"delivered","job":"${jobId}"`));
  return jobId;
}

async function ended(running: RunningCli, how: NodeJS.Signals): Promise<void> {
  running.signal(how);
  expect(await running.ended).toBe(how === 'SIGTERM' ? 0 : how);
}

/** What a command answers, and how it ends. */
async function told(...words: readonly string[]) {
  const running = startCli({ PERRY_STATE_DIR: room.state }, ...words);
  return { exit: await running.ended, text: running.lines.join('\n') };
}
const toldJson = async (...words: readonly string[]) => {
  const { exit, text: answer } = await told(...words, '--json');
  return { exit, ...JSON.parse(answer) };
};

/** Digests of the files that came to the hub, and their texts. */
async function filesOfHub(): Promise<Map<string, Buffer>> {
  const dir = join(room.folder, 'hub');
  const names = (await readdir(dir)).filter((name) => name.startsWith('artifact-'));
  const files = await Promise.all(names.map((name) => readFile(join(dir, name))));
  return new Map(files.map((bytes) => [digestOf(bytes), bytes]));
}

const identityOf = ({ certificateDer }: ThrowawayIdentity) => ({
  teamId: 'TEST123456',
  sha256Hex: createHash('sha256').update(certificateDer).digest('hex'),
});

/** The lines of a job, and what it has at the hub. */
async function accountOf(jobId: string) {
  const all = (await parsed()).filter(({ job }) => job === jobId);
  const line = signedLine.parse(all.find(({ kind }) => kind === 'signed'));
  return { kinds: all.map(({ kind }) => kind), line, delivered: all.at(-1) };
}

test('a chain tells of each job what was signed, by whom and how, and where it went', async () => {
  const running = await daemon();
  const mac = await signed(running, room.materials.macJob());
  const ios = await signed(running, room.materials.iosJob());
  await ended(running, 'SIGTERM');
  const files = await filesOfHub();
  for (const [jobId, identity, app] of [
    [mac, room.materials.developerId, macDemoApp],
    [ios, room.materials.distribution, iosDemoApp],
  ] as const) {
    const { kinds, line, delivered } = await accountOf(jobId);
    const sha256Hex = room.hub.artifact(jobId)?.sha256Hex;
    expect(kinds).toEqual(['signed', 'delivered']);
    expect(delivered).toMatchObject({ to: 'hub', sha256Hex, run: line.run });
    expect(line).toMatchObject({
      ...{ madeBy: 'packed', pass: 0, installer: null, app: { bundleId: app.bundleId } },
      asker: { hub: expect.stringContaining('127.0.0.1'), worker: 'tester' },
      artifact: { sha256Hex, bytes: room.hub.artifact(jobId)?.sizeBytes },
      identity: identityOf(identity),
      received: { kind: 'archive', sha256Hex: expect.any(String) },
      tools: { perryShip: expect.any(String), rcodesign: expect.stringMatching(/\d+\.\d+/) },
      machine: { driver: 'local', name: expect.stringMatching(/^perry-ship-/) },
    });
    expect(line.signed?.codes[0]?.cdHashes).not.toEqual([]);
    // the statement is at the hub as it stands in the line, beside the artifact
    const statement = files.get(line.provenance?.sha256Hex ?? '')?.toString('utf8') ?? '';
    room.secrets.look('the statement', statement);
    if (hasInToto) expect(faultsOfStatements(statement)).toBe('');
    expect(JSON.parse(statement)).toMatchObject({
      subject: [{ name: line.artifact.name, digest: { sha256: sha256Hex } }],
      predicate: { runDetails: { metadata: { invocationId: line.run } } },
    });
  }
  const { line } = await accountOf(ios);
  expect(line.builtWith).toEqual({
    ...{ xcode: null, xcodeBuild: null },
    ...{ sdk: 'iphoneos17.0', platformVersion: '17.0' },
  });
  expect(line.profile).toMatchObject({ uuid: expect.any(String) });
  expect(line.signed?.codes[0]?.entitlements).toContain('application-identifier');
  expect((await accountOf(mac)).line.profile).toBeNull();
  // each artifact, and its statement
  expect(files.size).toBe(4);
  expect(await toldJson('audit', 'verify')).toMatchObject({ exit: 0, ok: true, chains: [{ lines: 5 }] });
});

test('a kill leaves a torn line that is named, and a changed one is told of at once', async () => {
  const running = await daemon();
  await signed(running, room.materials.macJob());
  await ended(running, 'SIGKILL');
  await appendFile(chain(), '{"v":1,"number":9,"at":"20');
  const next = await daemon();
  await next.said(/"kind":"recovered".*a line was added/);
  expect(await toldJson('audit', 'verify')).toMatchObject({ exit: 0, chains: [{ ok: true, lines: 4 }] });
  expect((await parsed()).map(({ kind }) => kind)).toEqual(['begun', 'signed', 'delivered', 'recovered']);
  await ended(next, 'SIGTERM');

  const whole = await text();
  const changed = whole.replace('"worker":"tester"', '"worker":"Tester"');
  await writeFile(chain(), changed);
  const { exit, text: answer } = await told('audit', 'verify');
  expect(exit).toBe(1);
  expect(answer).toMatch(/LINE_CHANGED at line 2:/);

  // of the last line the daemon says so at once, of the others when it has looked through all of them
  await writeFile(chain(), changed.replace('"kind":"recovered"', '"kind":"recoverer"'));
  const third = await daemon();
  await third.said(/"level":50.*The account of signatures is not as it was left/);
  await third.said(/"alarm":"signatures-broken"/);
  const status = await toldJson('status');
  expect(status.signatures.problem).toMatch(/^line 2: It is not what it was .* 2 more findings$/);
  expect(status.alarms).toMatchObject([{ alarm: 'signatures-broken' }]);
  const after = await told('audit', 'verify');
  expect(after.exit).toBe(1);
  expect(after.text).toMatch(/CHAIN_WAS_BROKEN at line 6: .*last line, 4, was changed/);
  const [, breaks = ''] = /audit acknowledge ([0-9a-f]{16}) --reason/.exec(after.text) ?? [];
  // by the daemon, which goes on meanwhile
  const known = await told('audit', 'acknowledge', breaks, '--reason', 'a test has changed it');
  expect(known, known.text).toMatchObject({ exit: 0 });
  expect(await toldJson('audit', 'verify')).toMatchObject({
    ...{ exit: 0, ok: true },
    chains: [{ acknowledged: [{ reason: 'a test has changed it', findingCount: 3 }] }],
  });
  expect((await toldJson('status')).signatures.problem).toBeNull();
  expect(await told('audit', 'acknowledge', breaks, '--reason', 'again')).toMatchObject({
    exit: 1,
    text: expect.stringContaining('BREAKS_UNKNOWN'),
  });
  await ended(third, 'SIGTERM');
});

test('what cannot be entered in the account does not leave the host', async () => {
  const running = await daemon();
  await mkdir(chain());
  const jobId = await room.submit(room.materials.macJob());
  expect(await room.hub.completed(jobId, patience())).toMatchObject({
    success: false,
    error: expect.stringContaining('SIGNATURE_NOT_RECORDED'),
  });
  expect(room.hub.artifact(jobId)).toBeUndefined();
  expect(await filesOfHub()).toEqual(new Map());
  expect((await toldJson('status')).signatures.problem).toMatch(/no regular file/);
  await ended(running, 'SIGTERM');
});
