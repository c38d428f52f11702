import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes begins first, so that no worker is left with it alone at the end. */
const LONGEST = [
  'soak/kill',
  'integration/link',
  'machines/transitions',
  'integration/cancel',
  'soak/',
  'model/',
  'adapters/tart-',
  'integration/',
];

/** Projects of which several files share a process. */
const SHARING = ['tidy', 'pure'];

/** Files that share a process must follow each other. */
const rankOf = ({ moduleId, project }: TestSpecification): number => {
  const sharing = SHARING.indexOf(project.name);
  if (sharing >= 0) return LONGEST.length + 1 + sharing;
  const rank = LONGEST.findIndex((part) => moduleId.includes(`/test/${part}`));
  return rank < 0 ? LONGEST.length : rank;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rankOf(a) - rankOf(b));
  }
}
