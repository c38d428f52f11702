import { access, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createActor, fromCallback, toPromise } from 'xstate';
import { provideNotarization } from '../../src/actors/notarization.ts';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { checkSignature } from '../../src/files/code-signature/index.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import type { Limits } from '../../src/run/limits.ts';
import { artifactNamed, type RunResults } from '../../src/run/run-results.ts';
import {
  type AppleSimulator,
  type AppleSimulatorOptions,
  startAppleSimulator,
} from '../apple-simulator/apple-simulator.ts';
import { passing } from '../apple-simulator/faults.ts';
import {
  artifactAt,
  makeApiKey,
  makeSignedImage,
  notaryServices,
  openRun,
  type SignedImage,
} from '../helpers/notary-room.ts';
import type { RunsWithDesks } from '../helpers/run-with-results.ts';

const signal = AbortSignal.timeout(120_000);
const key = makeApiKey();
const images: { good: SignedImage; soft: SignedImage; stamped: SignedImage } = {} as never;
beforeAll(async () => {
  images.good = await makeSignedImage();
  images.soft = await makeSignedImage({ isHardened: false });
});
afterAll(() => Promise.all([images.good.remove(), images.soft.remove()]));

/** Pauses that make no test wait; deadlines stay. */
const quick: NonNullable<Limits['notarization']> = { retryPause: 1, pollPause: 1, ticketPause: 1 };

interface Run {
  readonly apple: AppleSimulator;
  readonly lines: string[];
  readonly log: string[];
  readonly image: SignedImage;
  readonly services: ReturnType<typeof notaryServices>['services'];
  readonly results: RunResults;
  readonly open: RunsWithDesks['open'];
  run(input?: object): Promise<Awaited<ReturnType<typeof start>>>;
}

async function withApple(
  options: Omit<AppleSimulatorOptions, 'apiKeys'> & {
    which?: keyof typeof images;
    limits?: Limits['notarization'];
  },
  test: (scene: Run) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-notary-run-'));
  const apple = await startAppleSimulator({
    notary: { rules: { requireTimestamp: false } },
    ...options,
    apiKeys: [key.known],
  });
  try {
    const master = images[options.which ?? 'good'];
    const image = { ...master, imagePath: join(folder, 'a.dmg'), appPath: join(folder, 'Über App.app') };
    await cp(master.imagePath, image.imagePath);
    await cp(master.appPath, image.appPath, { recursive: true });
    const {
      services,
      lines: log,
      open,
    } = notaryServices(folder, apple.env, {
      notarization: { ...quick, ...options.limits },
    });
    const results = await openRun(open, image, key.privateKeyPem);
    const lines: string[] = [];
    await test({
      apple,
      image,
      lines,
      log,
      services,
      results,
      open,
      run: (input) => start(services, image, lines, input),
    });
    expect(apple.violations).toEqual([]);
  } finally {
    await apple.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function start(services: Run['services'], image: SignedImage, lines: string[], input: object = {}) {
  const owner = createActor(
    fromCallback(({ receive }) =>
      receive((event) => {
        if (event.type === 'step.logged') lines.push((event as unknown as { line: string }).line);
      }),
    ),
  ).start();
  const actor = createActor(provideNotarization(services), {
    input: { runId: 'run-1', artifact: image.artifact, staples: ['image'], owner: owner as never, ...input },
  });
  const done = toPromise(actor);
  actor.start();
  return done;
}

test('a signed disk image is submitted once, accepted and stapled; the result is another, sound file', () =>
  withApple({}, async ({ apple, image, run, lines, results }) => {
    const output = await run();
    expect(output).toMatchObject({ outcome: 'succeeded', verdict: 'accepted', failure: null, issues: [] });
    expect(apple.submissions).toHaveLength(1);
    expect(apple.submissions[0]).toMatchObject({ uploads: 1, status: 'Accepted' });
    const { signatures, findings } = await checkSignature(image.imagePath, { signal });
    expect(findings).toEqual([]);
    expect(signatures[0]?.hasStapledTicket).toBe(true);
    expect(output.artifact).toEqual(await artifactAt(image.imagePath, image.artifact.name));
    expect(output.artifact.sha256Hex).not.toBe(image.artifact.sha256Hex);
    expect(artifactNamed(results, image.artifact.name)).toMatchObject(output.artifact);
    await verifyDmg(image.imagePath, { signal });
    expect(lines.join('\n')).toContain(`Apple's verdict on submission ${output.submissionId}: accepted.`);
  }));

test('the app beside the image gets its own ticket from the same submission', () =>
  withApple({}, async ({ image, run }) => {
    const output = await run({ staples: ['app', 'image'] });
    expect(output).toMatchObject({ outcome: 'succeeded', stapled: ['app', 'image'] });
    const ticket = await readFile(join(image.appPath, 'Contents/CodeResources'));
    expect(ticket.toString('latin1', 0, 4)).toBe('s8ch');
  }));

test("what Apple finds becomes the failure, with Apple's words and what to do", () =>
  withApple({ which: 'soft' }, async ({ run, lines }) => {
    const output = await run();
    expect(output).toMatchObject({ outcome: 'rejected', verdict: 'invalid', stapled: [] });
    expect(output.failure).toMatchObject({ code: 'NOTARY_REJECTED', kind: 'input', retryable: false });
    expect(output.failure?.reason).toContain('does not have the hardened runtime enabled');
    expect(output.failure?.summary).toContain('1 error');
    expect(lines.filter((line) => line.startsWith('error: '))).toEqual(output.issues);
  }));

describe('what passes is outlived', () => {
  const cases: Record<string, [string, ...Parameters<AppleSimulator['faults']['next']>[1][]]> = {
    'a plain-text 401': ['status', 'unauthorizedText'],
    'a 401': ['submit', 'unauthorized'],
    'rate limits': ['status', 'tooMany', 'tooManyBare'],
    'server errors': ['submit', 'serverError', 'unavailable'],
    'broken connections': ['status', 'refused', 'servedLost', 'refused'],
    'pages of a proxy': ['status', 'garbage', 'garbage'],
    'slow answers, another content type': ['submit', 'slow'],
    'answers as octet-stream': ['status', 'octetStream', 'slow'],
    'a lost answer to the submission': ['submit', 'servedLost'],
    'an error although it was done': ['submit', 'servedError'],
    'a failed upload': ['upload', 'refused', 'slowDown', 'serverError'],
    'an upload whose answer was lost': ['upload', 'servedLost'],
    'a page of a proxy as the receipt': ['upload', 'garbage'],
    'a permission that ended': ['upload', 'expiredToken'],
    'a log that is late and broken': ['log', 'serverError', 'garbage'],
    'a throttled ticket': ['ticket', 'throttled', 'tooManyBare', 'refused'],
  };
  test.each(Object.entries(cases))('%s', (_, [route, ...faults]) =>
    withApple(
      { notary: { rules: { requireTimestamp: false }, lateLogs: 2, pollsBeforeVerdict: 3 }, lateTickets: 3 },
      async ({ apple, run }) => {
        apple.faults.next(route, ...faults);
        expect(await run()).toMatchObject({ outcome: 'succeeded', failure: null });
        expect(apple.submissions.filter(({ uploads }) => uploads > 0)).toHaveLength(1);
      },
    ),
  );
});

test.each([
  ['a key that is refused twice', ['unauthorized', 'unauthorizedText'], 'APPLE_AUTH_REFUSED'],
  ['an agreement that is missing', ['agreement'], 'APPLE_AGREEMENT_MISSING'],
] as const)('%s is not asked again', (_, faults, code) =>
  withApple({}, async ({ apple, run }) => {
    apple.faults.next('submit', ...faults);
    const output = await run();
    expect(output).toMatchObject({
      outcome: 'failed',
      submissionId: null,
      failure: { code, retryable: false },
    });
    expect(apple.requests).toHaveLength(faults.length);
  }),
);

describe('silence ends at a deadline', () => {
  test.each([
    ['submit', { askTimeout: 150, submitTimeout: 600 }],
    ['upload', { stallTimeout: 150, uploadTimeout: 600 }],
    ['status', { askTimeout: 150, verdictTimeout: 600 }],
    ['ticket', { askTimeout: 150, ticketTimeout: 600 }],
  ] as const)('of %s', (route, limits) =>
    withApple({ limits: { ...limits, retryPause: 5 } }, async ({ apple, run }) => {
      apple.faults.next(route, ...Array<'hung'>(100).fill('hung'));
      expect(await run()).toMatchObject({ outcome: 'failed', failure: { code: 'NOTARY_TIMED_OUT' } });
    }),
  );
  test('of a ticket that never comes', () =>
    withApple(
      { lateTickets: Number.POSITIVE_INFINITY, limits: { ticketTimeout: 100 } },
      async ({ run, image }) => {
        const output = await run();
        expect(output).toMatchObject({ outcome: 'failed', verdict: 'accepted', stapled: [] });
        expect(output.artifact).toEqual(image.artifact);
      },
    ));
});

test('after a restart the verdict is waited for, and nothing is submitted again', () =>
  withApple(
    {
      limits: { verdictTimeout: 150, pollPause: 100 },
      notary: { pollsBeforeVerdict: 4, rules: { requireTimestamp: false } },
    },
    async ({ apple, run }) => {
      const first = await run();
      expect(first).toMatchObject({ outcome: 'failed', failure: { code: 'NOTARY_TIMED_OUT' } });
      let last = first;
      while (last.outcome !== 'succeeded' && apple.requests.length < 60) last = await run();
      expect(last).toMatchObject({ outcome: 'succeeded', submissionId: first.submissionId });
      expect(apple.submissions).toHaveLength(1);
    },
  ));

test('a submission whose file never arrived is replaced; one that Apple does not know is forgotten', () =>
  withApple({ limits: { doubtTimeout: 50 } }, async ({ apple, run, services, image }) => {
    const submissionId = '2efe2717-52ef-43a5-96dc-0797e4ca1041';
    const record = { submissionId, name: 'x', phase: 'announced' } as const;
    await services.submissions.record(image.artifact.sha256Hex, record);
    const output = await run();
    expect(output.outcome).toBe('succeeded');
    expect(output.submissionId).toBe(apple.submissions[0]?.id);
    expect(await services.submissions.find(image.artifact.sha256Hex)).toMatchObject({ phase: 'concluded' });
  }));

test('two runs of the same file at once submit it once', () =>
  withApple({}, async ({ apple, run, open, image }) => {
    await openRun(open, image, key.privateKeyPem, 'run-2');
    const [first, second] = await Promise.all([run({ staples: [] }), run({ runId: 'run-2', staples: [] })]);
    expect([first.outcome, second.outcome]).toEqual(['succeeded', 'succeeded']);
    expect(second.submissionId).toBe(first.submissionId);
    expect(apple.submissions).toHaveLength(1);
  }));

test('nothing secret is written down or logged', () =>
  withApple({}, async ({ apple, run, log, services, image, lines }) => {
    apple.faults.next('upload', 'expiredToken', 'slowDown');
    await run();
    const journal = await readFile(
      join(services.config.stateDir, 'journal', 'submissions', `${image.artifact.sha256Hex}.json`),
      'utf8',
    );
    const texts = [journal, ...log, ...lines].join('\n');
    const body = key.privateKeyPem.split('\n')[1] ?? '';
    const secrets = apple.submissions.flatMap(({ grant }) => [grant.secretAccessKey, grant.sessionToken]);
    for (const secret of [...secrets, body]) expect(texts).not.toContain(secret);
    expect(
      apple.requests
        .filter(({ route }) => route === 'logFile')
        .every(({ hasAuthorization }) => !hasAuthorization),
    ).toBe(true);
    await access(image.imagePath);
  }));

test.each([1, 2, 3, 4, 5, 6])('in weather of its own (seed %i) the outcome is the true one', (seed) =>
  withApple(
    {
      chaos: { seed, percent: 30, faults: passing.filter((fault) => !fault.startsWith('unauthorized')) },
      which: seed % 3 === 0 ? 'soft' : 'good',
      lateTickets: 2,
    },
    async ({ apple, run }) => {
      expect(await run()).toMatchObject(
        seed % 3 === 0
          ? { outcome: 'rejected', verdict: 'invalid' }
          : { outcome: 'succeeded', verdict: 'accepted', stapled: ['image'] },
      );
      expect(apple.submissions.filter(({ uploads }) => uploads > 0)).toHaveLength(1);
    },
  ),
);

test('as Apple does, the simulator wants a secure time stamp on everything', async () => {
  const authority = await startTimestampAuthority();
  const stamped = await makeSignedImage({ timestampUrl: authority.url });
  try {
    await withApple({ notary: {} }, async ({ run }) => {
      const output = await run();
      expect(output.outcome).toBe('rejected');
      expect(output.failure?.reason).toContain('does not include a secure timestamp');
    });
    images.stamped = stamped;
    await withApple({ notary: {}, which: 'stamped' }, async ({ run }) => {
      expect(await run()).toMatchObject({ outcome: 'succeeded', issues: [] });
    });
  } finally {
    await authority.stop();
    await stamped.remove();
  }
});
