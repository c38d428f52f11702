import { type Check, failed, ok, remark } from './check.ts';

/** `engines` of package.json. */
const OLDEST = [20, 19] as const;
const RECOMMENDED = 24;

export const nodeVersion = (version: string): Check => ({
  question: 'Is Node.js recent enough?',
  ask: async () => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const isTooOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
    if (isTooOld) return failed(`It is ${version}`, `Install Node.js ${RECOMMENDED}.`);
    if (major >= RECOMMENDED) return ok(version);
    return remark(
      `It is ${version}, which works`,
      `Install Node.js ${RECOMMENDED}: versions before it get no more security fixes.`,
    );
  },
});
