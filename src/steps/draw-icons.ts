import { drawIcons as draw } from '../adapters/icons/index.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Draws the app icon in every size from the one picture that the compiler left in the bundle. */
export async function drawIcons({ desk, signal, report }: StepScope): Promise<void> {
  const { appPath } = held(desk, 'found');
  const { iconKeys, warnings } = await draw(appPath, held(desk, 'facts'), { signal });
  for (const warning of warnings) report.log(warning);
  if (iconKeys) desk.icons = iconKeys;
  report.progress(60);
}
