import { stat } from 'node:fs/promises';

/** Whether something can be reached by that path; a link that leads nowhere is not there. */
export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
