import { writeXml, type XmlNode } from '../xml/write.ts';
import { type PackageFacts, packageVersion } from './facts.ts';

const INDENT = 4;
const GENERATOR = 'perry-ship';

/**
 * The `PackageInfo` of a component with one app, as `productbuild --component` writes it, so that the same happens on a
 * Mac whoever made the package: the app is installed where it says, or over a copy that the Installer finds elsewhere
 * (`relocate`), and nothing runs. `relocatable` is about the choice of another place by the person who installs.
 */
export function packageInfo(facts: PackageFacts): string {
  const { bundleId, installLocation, itemCount, installedKiB } = facts;
  return writeXml(
    {
      name: 'pkg-info',
      attributes: {
        'overwrite-permissions': 'true',
        relocatable: 'false',
        identifier: bundleId,
        'postinstall-action': 'none',
        version: packageVersion(facts),
        'format-version': '2',
        'generator-version': GENERATOR,
        'install-location': installLocation,
        auth: 'root',
        'preserve-xattr': 'true',
      },
      children: [
        {
          name: 'payload',
          attributes: { numberOfFiles: String(itemCount), installKBytes: String(installedKiB) },
        },
        { name: 'bundle', attributes: bundleOf(facts) },
        named('bundle-version', bundleId),
        named('upgrade-bundle', bundleId),
        { name: 'update-bundle' },
        { name: 'atomic-update-bundle' },
        named('strict-identifier', bundleId),
        named('relocate', bundleId),
      ],
    },
    INDENT,
  );
}

const named = (name: string, id: string): XmlNode => ({
  name,
  children: [{ name: 'bundle', attributes: { id } }],
});

const bundleOf = ({ bundleId, folderName, shortVersion, buildVersion }: PackageFacts) => ({
  path: `./${folderName}`,
  id: bundleId,
  ...(shortVersion !== undefined && { CFBundleShortVersionString: shortVersion }),
  ...(buildVersion !== undefined && { CFBundleVersion: buildVersion }),
});
