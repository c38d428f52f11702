import { writeEmbeddedProfile } from '../adapters/bundle/index.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** The profile as it was sent, as fresh bytes: what Apple signed must not be changed. */
export async function embedProfile({ desk }: StepScope): Promise<void> {
  const { profile } = held(desk, 'credentials');
  if (!profile) throw new Error('the plan embeds a profile that was not sent');
  await writeEmbeddedProfile(held(desk, 'found').appPath, held(desk, 'facts'), profile);
}
