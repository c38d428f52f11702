import { writeXml, type XmlNode } from '../xml/write.ts';
import { componentName, type PackageFacts, packageVersion } from './facts.ts';

const INDENT = 4;
/** What productbuild writes for a program that it cannot read. */
const ANY_MAC = ['x86_64', 'arm64'];
/** As the Installer names the processors of Macs, by the architectures of programs that they run. */
const HOSTS: Readonly<Record<string, string>> = {
  arm64: 'arm64',
  arm64e: 'arm64',
  x86_64: 'x86_64',
  x86_64h: 'x86_64',
  i386: 'i386',
};
/** What an address may have behind its `#` without being escaped (RFC 3986, `fragment`). */
const IN_A_FRAGMENT = /[A-Za-z0-9\-._~!$&'()*+,;=:@/?]/;

/**
 * The `Distribution` of a product with one app, as `productbuild --component` writes it: what the Installer shows, which
 * systems and processors it asks for, and the one component.
 *
 * @see https://developer.apple.com/library/archive/documentation/DeveloperTools/Reference/DistributionDefinitionRef/
 */
export function distribution(facts: PackageFacts): string {
  const { bundleId: id, minimumOs, title, shortVersion, architectures } = facts;
  const known = [...new Set(architectures.flatMap((name) => HOSTS[name] ?? []))].sort();
  const hosts = known.length > 0 ? known : ANY_MAC;
  const shown = title === undefined ? undefined : { title };
  return writeXml(
    {
      name: 'installer-gui-script',
      attributes: { minSpecVersion: minimumOs === undefined ? '1' : '2' },
      children: [
        {
          name: 'pkg-ref',
          attributes: { id },
          children: [{ name: 'bundle-version', children: [{ name: 'bundle', attributes: bundleOf(facts) }] }],
        },
        { name: 'product', attributes: { id, ...(shortVersion !== undefined && { version: shortVersion }) } },
        ...(title === undefined ? [] : [{ name: 'title', text: title }]),
        {
          name: 'options',
          attributes: {
            customize: 'never',
            'require-scripts': 'false',
            hostArchitectures: hosts.join(','),
          },
        },
        ...(minimumOs === undefined ? [] : [volumeCheck(minimumOs)]),
        {
          name: 'choices-outline',
          children: [
            {
              name: 'line',
              attributes: { choice: 'default' },
              children: [{ name: 'line', attributes: { choice: id } }],
            },
          ],
        },
        {
          name: 'choice',
          attributes: {
            id: 'default',
            ...shown,
            ...(shortVersion !== undefined && { versStr: shortVersion }),
          },
        },
        {
          name: 'choice',
          attributes: { id, ...shown, visible: 'false', customLocation: facts.installLocation },
          children: [{ name: 'pkg-ref', attributes: { id } }],
        },
        packageRef(facts),
      ],
    },
    INDENT,
  );
}

const bundleOf = ({ bundleId, folderName, shortVersion, buildVersion }: PackageFacts) => ({
  ...(shortVersion !== undefined && { CFBundleShortVersionString: shortVersion }),
  ...(buildVersion !== undefined && { CFBundleVersion: buildVersion }),
  id: bundleId,
  path: folderName,
});

const volumeCheck = (min: string): XmlNode => ({
  name: 'volume-check',
  children: [{ name: 'allowed-os-versions', children: [{ name: 'os-version', attributes: { min } }] }],
});

const packageRef = (facts: PackageFacts): XmlNode => ({
  name: 'pkg-ref',
  attributes: {
    id: facts.bundleId,
    version: packageVersion(facts),
    onConclusion: 'none',
    installKBytes: String(facts.installedKiB),
    updateKBytes: '0',
  },
  text: `#${fragment(componentName(facts))}`,
});

const fragment = (name: string): string =>
  [...Buffer.from(name)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return IN_A_FRAGMENT.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
