import { findOnPath } from '../../adapters/rcodesign/probe.ts';
import { ShipError } from '../../errors.ts';
import { isThere } from '../../files/disk/is-there.ts';
import type { Recipe } from './recipe.ts';
import { toolPath } from './run-tool.ts';

/** A program, or a file by its absolute path, and the package of Debian and Ubuntu that has it. */
type Needed = readonly [what: string, aptPackage: string];

const qemuPackages = { x86_64: 'qemu-system-x86', aarch64: 'qemu-system-arm' } as const;

/** All that builds an image, and what its machines will need. */
function needed({ architecture }: Recipe, isRoot: boolean): readonly Needed[] {
  return [
    ['mmdebstrap', 'mmdebstrap'],
    ['/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'],
    ['genext2fs', 'genext2fs'],
    ['tune2fs', 'e2fsprogs'],
    ['qemu-img', 'qemu-utils'],
    [`qemu-system-${architecture}`, qemuPackages[architecture]],
    // maps the users of the image to numbers that belong to this user
    ...(isRoot ? [] : [['newuidmap', 'uidmap'] as const]),
  ];
}

/** The one line that installs packages. */
export const aptLine = (packages: readonly string[], isRoot: boolean): string =>
  `${isRoot ? '' : 'sudo '}apt-get install --no-install-recommends ${packages.join(' ')}`;

/** @throws ShipError IMAGE_TOOLS_MISSING naming all of them at once */
export async function requireTools(recipe: Recipe, env: NodeJS.ProcessEnv): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  const found = await Promise.all(
    needed(recipe, isRoot).map(async (tool) => ({ tool, isHere: await isInstalled(tool[0], env) })),
  );
  const missing = found.filter(({ isHere }) => !isHere).map(({ tool }) => tool);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  throw new ShipError('IMAGE_TOOLS_MISSING', {
    summary: 'The image cannot be built on this host yet.',
    reason: `It lacks ${missing.map(([what]) => what).join(', ')}.`,
    nextStep: `Run "${aptLine(packages, isRoot)}" and build again.`,
    detail: { packages },
  });
}

const isInstalled = async (what: string, env: NodeJS.ProcessEnv): Promise<boolean> =>
  what.startsWith('/') ? isThere(what) : (await findOnPath(what, { PATH: toolPath(env) })) !== undefined;
