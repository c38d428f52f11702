/** Name, version and architecture of one installed package. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** The packages that `/var/lib/dpkg/status` lists as installed, by name. @see dpkg 1.21, deb-control(5) */
export const readDpkgStatus = (text: string): InstalledPackage[] =>
  text
    .split('\n\n')
    .map((paragraph) => new Map(paragraph.split('\n').flatMap(field)))
    .filter((fields) => fields.get('Status') === 'install ok installed')
    .map((fields) => ({
      name: fields.get('Package') ?? '',
      version: fields.get('Version') ?? '',
      architecture: fields.get('Architecture') ?? '',
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

function field(line: string): [string, string][] {
  const at = line.indexOf(': ');
  return at > 0 && !line.startsWith(' ') ? [[line.slice(0, at), line.slice(at + 2)]] : [];
}

/** As apt names the file of a package in its cache. */
export const debFileName = ({ name, version, architecture }: InstalledPackage): string =>
  `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
