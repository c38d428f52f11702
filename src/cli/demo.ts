import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDemo } from '../demo/run-demo.ts';
import type { VmDriverKind } from '../domain/vm-driver.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { interruptible, NOTHING_UNDONE } from './interruptible.ts';
import { usage } from './sign-files.ts';

export interface DemoFlags {
  readonly driver?: VmDriverKind;
  readonly out?: string;
  /** The live page, which stays open when the jobs have ended. */
  readonly page?: true;
}

/** Runs the demo in a folder that is gone afterwards; with `--out` the artifacts are kept there. */
export async function demo(flags: DemoFlags): Promise<void> {
  if (flags.out !== undefined) await requireOut(flags.out);
  await interruptible({}, async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'perry-demo-'));
    try {
      await runDemo({ ...flags, folder, signal, print: (line) => void process.stdout.write(`${line}\n`) });
      return NOTHING_UNDONE;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Before the work, and not after it. */
async function requireOut(out: string): Promise<void> {
  try {
    await makeFolder(out);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usage(
      `The folder ${JSON.stringify(out)} of --out cannot be made.`,
      `The operating system says ${code ?? 'nothing more'}.`,
    );
  }
}
