import { qemuImageBuildSetup } from './setup.ts';
import { began, faulted, late, stoppable } from './transitions.ts';

export const installing = qemuImageBuildSetup.createStateConfig({
  description:
    'mmdebstrap installs Debian, takes a kernel, adds what a machine of jobs needs, and packs it all.',
  entry: began('installing'),
  invoke: { id: 'installDebian', src: 'installDebian', onDone: 'makingDisk', onError: faulted },
  on: stoppable,
  after: { installTimeout: late('installing Debian') },
});

export const makingDisk = qemuImageBuildSetup.createStateConfig({
  description: 'A file system is made of what was installed, and checked; it needs no mount.',
  entry: began('makingDisk'),
  invoke: { id: 'makeDisk', src: 'makeDisk', onDone: 'compressing', onError: faulted },
  on: stoppable,
  after: { diskTimeout: late('making the disk') },
});

export const compressing = qemuImageBuildSetup.createStateConfig({
  description: 'The disk becomes a compressed qcow2, which machines have overlays of.',
  entry: began('compressing'),
  invoke: { id: 'compressDisk', src: 'compressDisk', onDone: 'packing', onError: faulted },
  on: stoppable,
  after: { compressTimeout: late('compressing the disk') },
});

export const packing = qemuImageBuildSetup.createStateConfig({
  description: 'The initial file system: busybox, the modules of the kernel, a script that mounts the disk.',
  entry: began('packing'),
  invoke: { id: 'packInitrd', src: 'packInitrd', onDone: 'describing', onError: faulted },
  on: stoppable,
  after: { packTimeout: late('packing the initial file system') },
});

export const describing = qemuImageBuildSetup.createStateConfig({
  description: 'Recipe, versions and digests are taken for image.json.',
  entry: began('describing'),
  invoke: { id: 'describeImage', src: 'describeImage', onDone: 'placing', onError: faulted },
  on: stoppable,
  after: { describeTimeout: late('describing the image') },
});
