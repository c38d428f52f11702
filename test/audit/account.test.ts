import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { createAccount, type SignedEntry } from '../../src/audit/account.ts';
import { ChainFile } from '../../src/audit/chain-file.ts';
import { digestOf, type LineContent } from '../../src/audit/chain-line.ts';
import { provenanceOf } from '../../src/audit/provenance.ts';
import { signedLine } from '../../src/audit/signed-line.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { faultsOfStatements, hasInToto } from '../helpers/in-toto.ts';

const HEX = 'ab'.repeat(32);
const entry: SignedEntry = {
  ...{ runId: 'run-1', jobId: 'job-1', madeBy: 'packed', pass: 0 },
  asker: { hub: 'wss://hub.example/ws', worker: 'mac-1' },
  facts: {
    platform: 'macos',
    app: { name: 'Tide Clock', bundleId: 'org.example.tide', shortVersion: '1.0', version: '7' },
    builtWith: { xcode: '1540', xcodeBuild: '15F31d', sdk: 'macosx14.5', platformVersion: '14.5' },
    identity: { subject: 'CN=Demo', serialNumber: '01AB', sha256Hex: HEX, teamId: 'DEMO123456' },
    ...{ installer: null, profile: null, signed: null },
    received: { kind: 'archive', bytes: 9, sha256Hex: HEX },
  },
  artifact: { name: 'Tide_Clock-job-1.dmg', sizeBytes: 7, sha256Hex: HEX },
  tools: { perryShip: '1.2.3', toolchain: 'portable', rcodesign: '0.29.0' },
  machine: {
    ...{ driver: 'qemu', name: 'vm-1', image: 'golden' },
    ...{ imageSha256Hex: HEX, imageBuiltAt: null, imageOf: 'Debian bookworm' },
  },
  provenance: null,
};

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-account-'));
  path = join(folder, 'signatures.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lines = async () =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('an account has a line for each artifact, and what became of it; of other runs it has none', async () => {
  const account = createAccount(async () => new ChainFile({ path }));
  await account.enter(entry);
  const accepted = { kind: 'accepted', by: 'notary', submissionId: 's-1', sha256Hex: HEX } as const;
  await account.follow('run-1', accepted);
  await account.follow('run-2', accepted);
  account.forget('run-1');
  await account.follow('run-1', accepted);
  expect(account.standing()).toMatchObject({ last: { number: 3 }, problem: null });
  await account.close();
  const [, signed, followed, ...more] = await lines();
  expect(signedLine.parse(signed)).toMatchObject({ job: 'job-1', artifact: { bytes: 7 }, provenance: null });
  const { builtWith: _, ...older } = signed;
  expect(signedLine.parse(older)).toMatchObject({ builtWith: null });
  expect(followed).toMatchObject({ ...accepted, job: 'job-1', run: 'run-1' });
  expect(more).toEqual([]);
});

test.each(['signatures.head.draft', 'signatures.head'])(
  'a line for which a folder %s leaves no head is an error of the host and not written; the next one goes on',
  async (name) => {
    const faults: unknown[] = [];
    const account = createAccount(
      async () => new ChainFile({ path }),
      (error) => faults.push(error),
    );
    await account.enter(entry);
    const before = await readFile(path);
    const inTheWay = join(folder, name);
    await rm(inTheWay, { force: true });
    await mkdir(inTheWay);
    await expect(account.enter(entry)).rejects.toMatchObject({
      code: 'SIGNATURE_NOT_RECORDED',
      failure: { kind: 'host', reason: expect.stringContaining(`EISDIR of ${name}.`) },
    });
    expect(account.standing().problem).toContain(`EISDIR of ${name}`);
    expect(faults).toHaveLength(1);
    for (let round = 0; round < 3; round += 1) expect(await account.goOn()).toMatch(/EISDIR/);
    expect(await readFile(path)).toEqual(before);
    await rmdir(inTheWay);
    expect(await account.goOn()).toBeNull();
    expect(await account.goOn()).toBeNull();
    expect((await lines()).filter(({ kind }) => kind === 'resumed')).toMatchObject([
      { fault: expect.stringContaining('EISDIR') },
    ]);
    await account.enter(entry);
    expect(account.standing().problem).toBeNull();
    await account.close();
    const report = await verifyChain(path, { signal: new AbortController().signal });
    expect(report).toMatchObject({ ok: true, lines: 4 });
  },
);

test('a line that hangs is a problem until it ends, whoever waits behind it gives up, and no trial joins them', async () => {
  let [answer, trials] = [() => {}, 0];
  const disk = new Promise<void>((resolve) => {
    answer = resolve;
  });
  /** What is begun ends when the disk answers, whoever waits for it. */
  class Hanging extends ChainFile {
    override async append(content: LineContent, signal?: AbortSignal) {
      const isBegun = trials === 0;
      trials += 1;
      await disk;
      return super.append(content, isBegun ? undefined : signal);
    }
  }
  const account = createAccount(async () => new Hanging({ path }), undefined, 5);
  for (const artifact of [{ ...entry.artifact, name: 'begun.dmg' }, entry.artifact])
    await expect(account.enter({ ...entry, artifact })).rejects.toMatchObject({
      code: 'SIGNATURE_NOT_RECORDED',
      failure: { reason: expect.stringMatching(/: its disk did not answer in time\.$/) },
    });
  for (let round = 0; round < 3; round += 1)
    expect(await account.goOn()).toMatch(/written: its disk did not answer in time$/);
  expect(trials).toBe(2);
  expect(account.artifactOf('run-1', 0)).toBeUndefined();
  answer();
  await expect.poll(() => account.goOn()).toBeNull();
  await account.close();
  expect(account.standing().problem).toBeNull();
  expect((await lines()).flatMap(({ kind, artifact }) => artifact?.name ?? kind)).toEqual([
    'begun',
    'begun.dmg',
  ]);
});

test.each([
  ['a folder', (file: string) => mkdir(file)],
  ['a pipe', async (file: string) => void execFileSync('mkfifo', [file])],
  ['a link to itself', (file: string) => symlink(file, file)],
])('an account that a look finds to be %s is known for it, until it can be read', async (_, replace) => {
  const account = createAccount(async () => new ChainFile({ path }));
  const { signal } = new AbortController();
  await account.enter(entry);
  await rename(path, `${path}.1`);
  await replace(path);
  await expect(account.lookThrough(signal)).rejects.toThrow();
  expect(account.standing().problem).toMatch(/^it could not be read: /);
  await rm(path, { recursive: true });
  await rename(`${path}.1`, path);
  await account.lookThrough(signal);
  expect(account.standing().problem).toBeNull();
  await account.close();
});

const digest = z.record(z.string(), z.string().regex(/^[0-9a-f]+$/));
/** https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md */
const descriptor = z
  .strictObject({
    ...{ name: z.string().optional(), uri: z.string().optional(), digest: digest.optional() },
    annotations: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ uri, digest: found }) => uri !== undefined || found !== undefined);
/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md · https://slsa.dev/spec/v1.0/provenance */
const statement = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.strictObject({ name: z.string().min(1), digest })).min(1),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.url(),
      externalParameters: z.record(z.string(), z.unknown()),
      internalParameters: z.record(z.string(), z.unknown()),
      resolvedDependencies: z.array(descriptor),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: z.url(), version: z.record(z.string(), z.string()) }),
      metadata: z.strictObject({
        invocationId: z.string(),
        startedOn: z.iso.datetime().optional(),
        finishedOn: z.iso.datetime(),
      }),
    }),
  }),
});

test.each([HEX, null])(
  'the statement has the form that in-toto and SLSA give it (image %s)',
  (imageSha256Hex) => {
    const machine = { ...entry.machine, imageSha256Hex };
    const { text, file } = provenanceOf({ entry: { ...entry, machine }, startedAtMs: 0, finishedAtMs: 1 });
    expect(text.split('\n')).toHaveLength(2);
    const { subject } = statement.parse(JSON.parse(text));
    if (hasInToto) expect(faultsOfStatements(text)).toBe('');
    expect(subject).toEqual([{ name: 'Tide_Clock-job-1.dmg', digest: { sha256: HEX } }]);
    const elsewhere = provenanceOf({ entry, finishedAtMs: 1, subject: 'Mine.dmg' });
    expect(JSON.parse(elsewhere.text).subject).toEqual([{ name: 'Mine.dmg', digest: { sha256: HEX } }]);
    expect(file).toEqual({
      name: 'Tide_Clock-job-1.dmg.intoto.jsonl',
      sizeBytes: Buffer.byteLength(text),
      sha256Hex: digestOf(text),
    });
  },
);

/** What the package of the in-toto project would let pass, if it did not judge. */
test.skipIf(!hasInToto).each([
  [/"_type":"[^"]*"/, '"_type":"https://in-toto.io/Statement/v0.1"', /Wrong statement type/],
  [/"subject":\[[^\]]*\]/, '"subject":[]', /At least one subject/],
  [/"digest":\{"sha256":"[^"]*"\}/, '"digest":{}', /At least one digest/],
  [/"buildType"/, '"buildKind"', /buildKind/],
  [/"startedOn":"[^"]*"/, '"startedOn":"yesterday"', /startedOn/],
])('a statement in which %s is %s is no statement for in-toto', (what, instead, fault) => {
  const { text } = provenanceOf({ entry, startedAtMs: 0, finishedAtMs: 1 });
  expect(faultsOfStatements(text.replace(what, instead))).toMatch(fault);
});
