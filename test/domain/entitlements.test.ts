import { describe, expect, test } from 'vitest';
import {
  deriveEntitlements,
  type EntitlementsInput,
  nestedEntitlements,
} from '../../src/domain/entitlements/index.ts';
import type { ProvisioningProfile } from '../../src/domain/profile/index.ts';
import { ShipError } from '../../src/errors.ts';
import { newDict, type PlistValue } from '../../src/formats/plist/index.ts';

const TEAM = 'DEMO123456';
type Extra = Readonly<Record<string, PlistValue>>;

const profileWith = (
  entitlements: Extra = {},
  changes: Partial<ProvisioningProfile> = {},
): ProvisioningProfile => ({
  name: 'Demo Store',
  uuid: 'u',
  teamIds: [TEAM],
  platforms: ['iOS'],
  expiresAt: new Date(0),
  applicationIdentifier: `${TEAM}.com.example.*`,
  prefix: TEAM,
  bundleIdPattern: 'com.example.*',
  developerCertificates: [],
  deviceCount: undefined,
  provisionsAllDevices: false,
  entitlements: newDict(
    Object.entries({
      'application-identifier': `${TEAM}.com.example.*`,
      'com.apple.developer.team-identifier': TEAM,
      'keychain-access-groups': [`${TEAM}.*`],
      'get-task-allow': false,
      ...entitlements,
    }),
  ),
  ...changes,
});

const derive = (input: Partial<EntitlementsInput> & { capabilities?: string[]; keys?: string[] }) => {
  const { capabilities = [], keys = [], ...rest } = input;
  const { entitlements, cut } = deriveEntitlements({
    platform: 'ios',
    plan: { distribution: 'direct' },
    manifest: { iosCapabilities: capabilities, entitlements: keys },
    bundleId: 'com.example.tide',
    ...rest,
  });
  return { entitlements: { ...entitlements }, cut };
};

function failureOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (error instanceof ShipError) return error.failure;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const identity = {
  'application-identifier': `${TEAM}.com.example.tide`,
  'com.apple.developer.team-identifier': TEAM,
};

describe('iOS', () => {
  test('the least: a concrete identifier and the team, never the templates of the profile', () => {
    expect(derive({ profile: profileWith({ 'com.apple.developer.associated-domains': '*' }) })).toEqual({
      entitlements: identity,
      cut: [],
    });
  });

  test('an older account has a prefix of its own', () => {
    const { entitlements } = derive({ profile: profileWith({}, { prefix: 'OLDPREFIX1' }) });
    expect(entitlements).toMatchObject({
      'application-identifier': 'OLDPREFIX1.com.example.tide',
      'com.apple.developer.team-identifier': TEAM,
    });
  });

  test('store profiles bring beta reports, development profiles the debugger', () => {
    expect(derive({ profile: profileWith({ 'beta-reports-active': true }) }).entitlements).toHaveProperty(
      'beta-reports-active',
      true,
    );
    const development = profileWith({ 'get-task-allow': true }, { deviceCount: 3 });
    expect(derive({ profile: development }).entitlements).toHaveProperty('get-task-allow', true);
    const distribution = profileWith({}, { deviceCount: 3 });
    expect(derive({ profile: distribution }).entitlements).not.toHaveProperty('get-task-allow');
  });

  test.each(['production', 'development'])('push notifications follow the profile: %s', (environment) => {
    const profile = profileWith({ 'aps-environment': environment });
    expect(
      derive({ profile, capabilities: ['push-notifications', 'camera', 'photo-library'] }).entitlements,
    ).toEqual({
      ...identity,
      'aps-environment': environment,
    });
  });

  test('requested but not allowed is an error that names every key', () => {
    const failure = failureOf(() =>
      derive({
        profile: profileWith(),
        capabilities: ['push-notifications', 'com.apple.developer.healthkit', 'get-task-allow'],
      }),
    );
    expect(failure).toMatchObject({ code: 'ENTITLEMENT_NOT_ALLOWED', kind: 'input' });
    expect(failure.summary).toContain('aps-environment, com.apple.developer.healthkit, get-task-allow');
  });

  test('the sidecar goes as far as the profile does; the rest is left out and said', () => {
    const { entitlements, cut } = derive({
      profile: profileWith({
        'com.apple.developer.associated-domains': '*',
        'com.apple.security.application-groups': ['group.example'],
      }),
      sidecar: newDict([
        ['com.apple.developer.associated-domains', ['applinks:*.example.com']],
        ['com.apple.security.application-groups', ['group.example', 'group.foreign']],
        ['keychain-access-groups', ['$(AppIdentifierPrefix)com.example.shared']],
        ['com.apple.developer.ubiquity-kvstore-identifier', '$(TeamIdentifierPrefix)$(CFBundleIdentifier)'],
        ['get-task-allow', true],
        ['application-identifier', 'EVIL.com.other'],
        ['com.apple.security.app-sandbox', true],
      ]),
    });
    expect(entitlements).toEqual({
      ...identity,
      'com.apple.developer.associated-domains': ['applinks:*.example.com'],
      'com.apple.security.application-groups': ['group.example'],
      'keychain-access-groups': [`${TEAM}.com.example.shared`],
    });
    expect(cut).toEqual([
      'com.apple.security.application-groups',
      'com.apple.developer.ubiquity-kvstore-identifier',
    ]);
  });

  test('templates and unknown variables never get through', () => {
    const sidecar = newDict([
      ['keychain-access-groups', [`${TEAM}.*`]],
      ['com.apple.developer.associated-domains', '*'],
      ['a', '$(constructor)'],
    ]);
    const profile = profileWith({ 'com.apple.developer.associated-domains': '*', a: '*' });
    const { entitlements, cut } = derive({ profile, sidecar });
    expect(entitlements).toEqual(identity);
    expect(cut).toHaveLength(3);
  });

  test('without a profile: what is known', () => {
    expect(derive({ teamId: TEAM })).toEqual({ entitlements: identity, cut: [] });
    expect(derive({})).toEqual({ entitlements: {}, cut: [] });
  });
});

describe('macOS', () => {
  const mac = { platform: 'macos' } as const;
  const store = { ...mac, plan: { distribution: 'store' } } as const;

  test('direct: exactly what the project asks for', () => {
    expect(derive({ ...mac, keys: ['com.apple.security.cs.allow-jit'] })).toEqual({
      entitlements: { 'com.apple.security.cs.allow-jit': true },
      cut: [],
    });
    expect(derive({ ...mac, teamId: TEAM, capabilities: ['push-notifications'] }).entitlements).toEqual({});
  });

  test.each(['com.apple.security.get-task-allow', 'com.apple.developer.associated-domains'])(
    'direct: %s is kept when it is asked for by name',
    (key) => {
      expect(derive({ ...mac, keys: [key] })).toEqual({ entitlements: { [key]: true }, cut: [] });
    },
  );

  test('direct with a profile: whose app it is, and nothing that the profile does not allow', () => {
    const profile = profileWith({ 'com.apple.developer.icloud-services': '*' }, { platforms: ['OSX'] });
    const key = 'com.apple.developer.icloud-services';
    const explicit = newDict([[key, ['CloudKit']]]);
    expect(derive({ ...mac, profile, explicit }).entitlements).toEqual({
      [key]: ['CloudKit'],
      'com.apple.application-identifier': `${TEAM}.com.example.tide`,
      'com.apple.developer.team-identifier': TEAM,
    });
    expect(
      failureOf(() => derive({ ...mac, profile, keys: ['com.apple.developer.networking.vpn'] })),
    ).toMatchObject({
      code: 'ENTITLEMENT_NOT_ALLOWED',
    });
  });

  test('an entitlements file takes the place of the sidecar', () => {
    const explicit = newDict([
      ['com.apple.security.app-sandbox', true],
      ['com.apple.security.application-groups', ['$(TeamIdentifierPrefix)shared']],
    ]);
    const sidecar = newDict([['com.apple.security.cs.allow-jit', true]]);
    expect(derive({ ...mac, teamId: TEAM, explicit, sidecar }).entitlements).toEqual({
      'com.apple.security.app-sandbox': true,
      'com.apple.security.application-groups': [`${TEAM}.shared`],
    });
  });

  test('nested programs of a store app share its sandbox, or have their own', () => {
    const nested = (sandbox: 'own' | 'inherited', existing = newDict()) => ({
      ...nestedEntitlements({ platform: 'macos', bundleId: 'com.example.h', existing, sandbox }),
    });
    const sandboxed = { 'com.apple.security.app-sandbox': true };
    const wishes = newDict([['com.apple.security.network.client', true]]);
    expect(nested('own')).toEqual(sandboxed);
    expect(nested('inherited')).toEqual({ ...sandboxed, 'com.apple.security.inherit': true });
    expect(nested('inherited', wishes)).toEqual({ ...sandboxed, ...wishes });
  });

  test('an extension keeps of what it had as much as its own profile allows', () => {
    const groups = ['group.com.example.tide', 'group.com.other'];
    const existing = newDict([
      ['application-identifier', 'OLDTEAM123.com.example.tide.w'],
      ['com.apple.security.application-groups', groups],
      ['keychain-access-groups', ['OLDTEAM123.shared']],
      ['get-task-allow', true],
    ]);
    const nested = (profile?: ProvisioningProfile) => ({
      ...nestedEntitlements({
        platform: 'ios',
        bundleId: 'com.example.tide.w',
        existing,
        teamId: TEAM,
        ...(profile && { profile }),
      }),
    });
    const own = profileWith(
      { 'com.apple.security.application-groups': [groups[0] ?? ''], 'beta-reports-active': true },
      { prefix: 'OLDPREFIX1' },
    );
    expect(nested(own)).toEqual({
      'application-identifier': 'OLDPREFIX1.com.example.tide.w',
      'com.apple.developer.team-identifier': TEAM,
      'beta-reports-active': true,
      'com.apple.security.application-groups': [groups[0]],
    });
    expect(nested()).toEqual({
      'application-identifier': `${TEAM}.com.example.tide.w`,
      'com.apple.developer.team-identifier': TEAM,
    });
  });

  test('store: the sandbox, the identifier and the team', () => {
    expect(
      derive({ ...store, teamId: TEAM, keys: ['com.apple.security.network.client'] }).entitlements,
    ).toEqual({
      'com.apple.security.app-sandbox': true,
      'com.apple.security.network.client': true,
      'com.apple.application-identifier': `${TEAM}.com.example.tide`,
      'com.apple.developer.team-identifier': TEAM,
    });
  });

  test('store: restricted keys need the profile', () => {
    const keys = ['com.apple.developer.game-center'];
    expect(failureOf(() => derive({ ...store, teamId: TEAM, keys })).code).toBe('ENTITLEMENT_NOT_ALLOWED');
    const profile = profileWith({ 'com.apple.developer.game-center': true }, { platforms: ['OSX'] });
    expect(derive({ ...store, profile, keys }).entitlements).toHaveProperty(
      'com.apple.developer.game-center',
      true,
    );
  });

  test('store: a team is needed', () => {
    expect(failureOf(() => derive(store)).code).toBe('CREDENTIAL_MISSING');
  });
});
