import { describe, expect, test } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import {
  admitted,
  admittedBoth,
  admittedWith,
  beginJob,
  type JobScene,
  type StepPort,
} from './sign-job-scene.ts';

const image = { name: 'Tide Clock.dmg', sizeBytes: 7, sha256Hex: 'ab' };
const stapled = { ...image, sizeBytes: 9, sha256Hex: 'cd' };
const installer = { name: 'Tide Clock.pkg', sizeBytes: 8, sha256Hex: 'ef' };
const accepted = { outcome: 'succeeded', submissionId: 's-1', artifact: stapled, failure: null };
const published = { outcome: 'published', processed: true, uploadId: 'u-1', remarks: [], failure: null };

const PREPARED: readonly StepPort[] = [
  ...(['downloadBundle', 'inspectBundle', 'checkCredentials', 'drawIcons', 'mergeInfoPlist'] as const),
];
const SIGNED: readonly StepPort[] = ['transferBundle', 'codesign', 'takeSignatures', 'verifySignature'];

/** Up to the moment when the machine is needed. */
function prepared(job: object, hasCatalog = false): JobScene {
  const scene = beginJob();
  scene.stage.the('admitJob').answer(job);
  scene.job.send({ type: 'slot.granted' });
  for (const port of PREPARED) {
    if (port === 'drawIcons') scene.stage.the(port).answer({ hasCatalog });
    else scene.answer(port);
  }
  return scene;
}

/** Both passes, up to the first thing that goes to Apple. */
function signedTwice(job = admittedBoth('image')): JobScene {
  const scene = prepared(job);
  scene.machineReady();
  for (const [pass, artifact] of [image, installer].entries()) {
    expect(scene.stage.the('layOutBundle').input).toMatchObject({ pass });
    scene.stage.the('layOutBundle').answer();
    if (pass === 1) scene.answer('embedProfile');
    for (const port of SIGNED) {
      expect(scene.stage.the(port).input).toMatchObject({ pass });
      scene.answer(port);
    }
    scene.stage.the('packageArtifact').answer(artifact);
    scene.answer('checkArtifact');
  }
  return scene;
}

function notarized(): JobScene {
  const scene = signedTwice();
  scene.stage.the('notarization').answer(accepted);
  scene.stage.the('validateStaple').answer();
  scene.answer('checkArtifact');
  return scene;
}

const stages = (scene: JobScene) =>
  scene.notes().flatMap((note) => (note.kind === 'stage' ? [`${note.stage}: ${note.message}`] : []));

describe('both passes', () => {
  test('leave the app of the second one on this host: that of the first one is taken out of its image', () => {
    const scene = signedTwice(admittedBoth('app', 'image'));
    expect(scene.stage.open('notarization')).toEqual([]);
    expect(scene.stage.the('restoreApp').input).toMatchObject({ pass: 0 });
    scene.stage.the('restoreApp').answer();
    scene.stage.the('notarization').answer({ ...accepted, artifact: image });
    scene.enter();
    for (const port of ['updateBundle', 'packageArtifact', 'checkArtifact'] as const) {
      expect(scene.stage.the(port).input).toMatchObject({ pass: 0 });
      scene.stage.the(port).answer(image);
    }
    scene.stage.the('notarization').answer(accepted);
    scene.stage.the('validateStaple').answer();
    scene.answer('checkArtifact');
    expect(scene.stage.the('deliverArtifact').input).toMatchObject({ pass: 0 });
  });

  test('are signed before anything goes to Apple, which can be undone as little as it can be done twice', () => {
    const scene = signedTwice();
    expect(stages(scene)).toEqual([
      'extracting: Extracting precompiled bundle',
      'generating_assets: Generating icons and Info.plist',
      'signing: Signing precompiled bundle',
      'packaging: Packaging signed bundle',
      'signing: Signing precompiled bundle for the store',
      'packaging: Packaging signed bundle',
      'notarizing: Notarizing disk image',
    ]);
    expect(scene.stage.the('notarization').input).toMatchObject({ artifact: image, staples: ['image'] });
    expect(scene.stage.open('embedProfile')).toEqual([]);
  });

  test('deliver the stapled image before the store is asked, and once more at the end', () => {
    const scene = notarized();
    expect(scene.stage.the('deliverArtifact').input).toMatchObject({ pass: 0 });
    scene.answer('deliverArtifact');
    expect(scene.stage.the('findEarlierUpload').input).toMatchObject({ pass: 1 });
    scene.stage.the('findEarlierUpload').answer(null);
    expect(scene.stage.the('storeUpload').input).toMatchObject({ artifact: installer });
    scene.stage.the('storeUpload').answer(published);
    expect(scene.stage.the('deliverArtifact').input).toMatchObject({ pass: 0 });
    scene.answer('deliverArtifact');
    expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact: stapled });
    scene.cleanUp();
  });

  test('of which the store refuses the second one fail, and say that the image was delivered', () => {
    const scene = notarized();
    scene.answer('deliverArtifact');
    scene.stage.the('findEarlierUpload').answer(null);
    scene.stage
      .the('storeUpload')
      .answer({ ...published, outcome: 'failed', failure: failure('STORE_REJECTED') });
    expect(scene.conclusion()).toMatchObject({
      outcome: 'failed',
      failure: { code: 'STORE_REJECTED', reason: '"Tide Clock.dmg" was delivered all the same.' },
    });
    scene.cleanUp();
  });

  test('that are cancelled after the delivery are cancelled, and nothing else is said', () => {
    const scene = notarized();
    scene.answer('deliverArtifact');
    scene.job.send({ type: 'job.cancelRequested', why: 'user' });
    expect(scene.conclusion()).toMatchObject({
      outcome: 'cancelled',
      failure: { summary: 'cancelled', reason: 'That was asked for.' },
    });
  });

  test('whose image Apple refuses send nothing to the store', () => {
    const scene = signedTwice();
    const refused = { ...accepted, outcome: 'rejected', failure: failure('NOTARY_REJECTED') };
    scene.stage.the('notarization').answer(refused);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'NOTARY_REJECTED', reason: '' } });
    expect(scene.stage.open('findEarlierUpload')).toEqual([]);
  });

  test('wait for the claim before the store is asked', () => {
    const scene = notarized();
    scene.job.send({ type: 'job.linkLost' });
    scene.answer('deliverArtifact');
    expect(scene.stage.open('findEarlierUpload')).toEqual([]);
    scene.job.send({ type: 'job.adopted', assignmentId: 'again' });
    expect(scene.stage.the('findEarlierUpload').input).toMatchObject({ assignmentId: 'again' });
    scene.stage.the('findEarlierUpload').answer(null);
    scene.stage.the('storeUpload').answer(published);
    expect(scene.stage.the('deliverArtifact').input).toMatchObject({ assignmentId: 'again' });
  });

  test('whose copy of the bundle hangs end after its deadline', () => {
    const scene = prepared(admittedBoth('image'));
    scene.machineReady();
    scene.clock.advance(signJobLimits.layOutTimeout);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
  });
});

describe('what the machine can do', () => {
  const unknown = { ...admitted, toolchain: null };

  test('is asked of a machine that is ready, when it is not known; the answer goes with every step', () => {
    const scene = prepared(unknown);
    expect(scene.stage.open('learnToolchain')).toEqual([]);
    scene.machineReady();
    scene.stage.the('learnToolchain').answer('portable');
    scene.answer('embedProfile');
    expect(scene.stage.the('transferBundle').input).toMatchObject({ toolchain: 'portable' });
  });

  test('and does not do for the plan ends the run before anything is signed', () => {
    const scene = prepared(unknown);
    scene.machineReady();
    scene.stage.the('learnToolchain').fail(failure('TOOLCHAIN_LACKS_PRODUCTBUILD'));
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'TOOLCHAIN_LACKS_PRODUCTBUILD' } });
    expect(scene.stage.calls.some(({ port }) => port === 'transferBundle')).toBe(false);
    scene.cleanUp();
  });

  test('but does not say so in time ends the run', () => {
    const scene = prepared(unknown);
    scene.machineReady();
    scene.clock.advance(signJobLimits.toolchainTimeout);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
  });

  test.each([
    ['xcode', true, ['compileAssets']],
    ['portable', true, ['compileIcon']],
    ['xcode', false, []],
    ['portable', false, []],
  ] as const)('%s, with an icon to compile: %s, is asked for %j', (toolchain, hasCatalog, ports) => {
    const scene = prepared({ ...admittedWith({ embedsProfile: false }), toolchain }, hasCatalog);
    scene.machineReady();
    const compiling = () => [...scene.stage.open('compileAssets'), ...scene.stage.open('compileIcon')];
    expect(compiling().map(({ port }) => port)).toEqual(ports);
    for (const call of compiling()) call.answer({ isCompiled: true });
    expect(scene.stage.open('mergeInfoPlist')).toHaveLength(ports.length);
    for (const call of scene.stage.open('mergeInfoPlist')) call.answer();
    expect(scene.stage.open('transferBundle')).toHaveLength(1);
  });

  test('that could not compile leaves it to us', () => {
    const scene = prepared({ ...admittedWith({ embedsProfile: false }), toolchain: 'xcode' }, true);
    scene.machineReady();
    scene.stage.the('compileAssets').answer({ isCompiled: false });
    scene.stage.the('compileIcon').answer();
    scene.stage.the('mergeInfoPlist').answer();
    expect(scene.stage.open().map(({ port }) => port)).toContain('transferBundle');
  });

  test.each(['xcode', 'portable'] as const)(
    '%s, an icon that cannot be compiled ends the run',
    (toolchain) => {
      const scene = prepared({ ...admitted, toolchain }, true);
      scene.machineReady();
      scene.stage.the(toolchain === 'xcode' ? 'compileAssets' : 'compileIcon').fail(failure('DEFECT'));
      expect(scene.conclusion()).toMatchObject({ failure: { code: 'DEFECT' } });
    },
  );

  test('and compiles for ever ends the run', () => {
    const scene = prepared({ ...admitted, toolchain: 'xcode' }, true);
    scene.machineReady();
    scene.clock.advance(signJobLimits.assetsTimeout);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
  });

  test('and takes for ever to compile here ends the run', () => {
    const scene = prepared({ ...admitted, toolchain: 'portable' }, true);
    scene.machineReady();
    scene.clock.advance(signJobLimits.iconsTimeout);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
  });
});

describe("stapler's second opinion", () => {
  const asked = (): JobScene => {
    const scene = signedTwice();
    scene.stage.the('notarization').answer(accepted);
    expect(scene.stage.the('validateStaple').input).toMatchObject({ pass: 0, toolchain: 'xcode' });
    return scene;
  };

  test('against the ticket is a failure', () => {
    const scene = asked();
    scene.stage.the('validateStaple').fail(failure('STAPLE_FAILED'));
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STAPLE_FAILED' } });
  });

  test.each([
    ['cannot be had', (scene: JobScene) => scene.stage.the('validateStaple').fail(failure('GUEST_LOST'))],
    ['does not come', (scene: JobScene) => scene.clock.advance(signJobLimits.validateTimeout)],
    [
      'is lost with the machine',
      (scene: JobScene) =>
        scene.stage.the('vmLifecycle').say({ type: 'vm.lost', failure: failure('VM_EXITED') }),
    ],
  ])('that %s changes nothing', (_, happen) => {
    const scene = asked();
    happen(scene);
    expect(scene.stage.the('checkArtifact').input).toMatchObject({ pass: 0 });
    scene.answer('checkArtifact');
    expect(scene.stage.open('deliverArtifact')).toHaveLength(1);
  });

  test('is not asked for without a machine', () => {
    const scene = signedTwice();
    scene.machineGone();
    scene.stage.the('notarization').answer(accepted);
    expect(scene.stage.open('validateStaple')).toEqual([]);
    expect(scene.stage.open('checkArtifact')).toHaveLength(1);
  });
});
