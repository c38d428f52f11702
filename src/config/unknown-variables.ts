import { nearestName } from './nearest-name.ts';
import { settings } from './settings.ts';

/** Read beside the settings: the older name of the worker secret. */
const OTHER_NAMES = ['PERRY_HUB_SECRET'];
const PREFIX = /^PERRY_/;
/** A control character in a name must not steer the terminal or the log that it is shown in. */
const shown = (name: string): string => JSON.stringify(name.slice(0, 80)).slice(1, -1);

const knownNames: readonly string[] = [
  ...Object.values(settings).map(({ variable }) => variable),
  ...OTHER_NAMES,
];

/** One remark for each variable that looks like a setting and is none; never its value. */
export const unknownVariables = (env: NodeJS.ProcessEnv): string[] =>
  Object.keys(env)
    .filter((name) => PREFIX.test(name) && !knownNames.includes(name))
    .sort()
    .map(remark);

function remark(name: string): string {
  const meant = nearestName(name, knownNames);
  return `${shown(name)} is no setting of perry-ship and is not read${meant ? `; did you mean ${meant}?` : '.'}`;
}
