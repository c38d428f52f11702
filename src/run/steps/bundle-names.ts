import { listTree } from '../../files/disk/tree.ts';

/**
 * A volume has names decomposed, and a bundle as its sender wrote them: the names by which everything else here knows
 * the files.
 *
 * @returns the path in the bundle for one on a volume; what signing has added keeps its name
 */
export async function bundleNames(appPath: string, folderName: string): Promise<(path: string) => string> {
  const paths = [folderName, ...(await listTree(appPath)).map(({ path }) => `${folderName}/${path}`)];
  const known = new Map(paths.map((path) => [path.normalize('NFC'), path]));
  const nameOf = (path: string): string => {
    const found = known.get(path.normalize('NFC'));
    if (found !== undefined) return found;
    const end = path.lastIndexOf('/');
    return end < 0 ? path : `${nameOf(path.slice(0, end))}${path.slice(end)}`;
  };
  return nameOf;
}
