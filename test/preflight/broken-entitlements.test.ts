import { TEAM } from '../helpers/apple-like.ts';
import { infoPlist } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';
import { expectFound, iosWith, macStore, macWith, store } from './table.ts';

const GROUPS = 'com.apple.security.application-groups';

expectFound([
  [
    'an entitlements file of another team',
    'ENTITLEMENT_TEAM_WRONG',
    'error',
    () => ({ ios: {}, ...store, entitlements: { 'com.apple.developer.team-identifier': 'OTHER12345' } }),
  ],
  [
    'an application identifier with a foreign prefix',
    'ENTITLEMENT_TEAM_WRONG',
    'error',
    () => ({
      ios: {},
      ...store,
      entitlements: { 'application-identifier': 'OTHER12345.com.example.hello' },
    }),
  ],
  [
    'the same in app.entitlements, where signing puts it right',
    'ENTITLEMENT_TEAM_WRONG',
    'warning',
    () => ({
      ios: {
        files: {
          'app.entitlements': infoPlist({ 'application-identifier': 'OTHER12345.com.example.hello' }),
        },
      },
      ...store,
    }),
  ],
  [
    'a group of another team in the Mac App Store',
    'ENTITLEMENT_TEAM_WRONG',
    'error',
    () => ({
      mac: {},
      ...macStore,
      entitlements: { 'com.apple.security.app-sandbox': true, [GROUPS]: ['OTHER12345.shared'] },
    }),
  ],
  [
    'the same, distributed directly',
    'ENTITLEMENT_TEAM_WRONG',
    'warning',
    () => ({
      mac: {},
      to: 'notarize',
      p12: 'developerId',
      entitlements: { [GROUPS]: ['OTHER12345.shared'] },
    }),
  ],
  [
    'a keychain group of another team, without a profile',
    'ENTITLEMENT_TEAM_WRONG',
    'warning',
    () => ({
      ios: {},
      p12: 'distribution',
      entitlements: { 'keychain-access-groups': ['OTHER12345.com.example'] },
    }),
  ],
  [
    'a keychain group of another team, with a profile',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({
      ios: {},
      ...store,
      entitlements: { 'keychain-access-groups': ['OTHER12345.com.example'] },
    }),
  ],
  [
    'a capability that the profile does not allow',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, profile: {}, capabilities: ['push-notifications'] }),
  ],
  [
    'an entitlements file beyond the profile',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, profile: {}, entitlements: { 'com.apple.developer.healthkit': true } }),
  ],
  [
    'a group of another team',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, profile: {}, entitlements: { 'keychain-access-groups': ['OTHER12345.shared'] } }),
  ],
  [
    'app.entitlements beyond the profile, for the store',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => iosWith({ 'app.entitlements': infoPlist({ 'aps-environment': 'production' }) }, store),
  ],
  [
    'the same, only packed',
    'ENTITLEMENT_NOT_ALLOWED',
    'warning',
    () =>
      iosWith(
        { 'app.entitlements': infoPlist({ 'aps-environment': 'production' }) },
        { p12: 'distribution', profile: {} },
      ),
  ],
  [
    'a template',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, ...store, entitlements: { 'keychain-access-groups': [`${TEAM}.*`] } }),
  ],
  [
    'debugging in the store',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, ...store, entitlements: { 'get-task-allow': true } }),
  ],
  [
    'an entitlement of macOS on iOS',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, ...store, entitlements: { 'com.apple.security.app-sandbox': true } }),
  ],
  [
    'entitlements of another app',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ ios: {}, profile: {}, entitlements: { 'application-identifier': `${TEAM}.com.other` } }),
  ],
  [
    'debugging in a notarized app',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({
      mac: {},
      to: 'notarize',
      p12: 'developerId',
      entitlements: { 'com.apple.security.get-task-allow': true },
    }),
  ],
  [
    'a restricted entitlement without a profile',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({
      mac: {},
      to: 'notarize',
      p12: 'developerId',
      keys: ['com.apple.developer.associated-domains'],
    }),
  ],
  [
    'the same, only packed',
    'ENTITLEMENT_NOT_ALLOWED',
    'warning',
    () => ({ mac: {}, p12: 'developerId', keys: ['com.apple.developer.associated-domains'] }),
  ],
  [
    'a restricted entitlement in the Mac App Store',
    'ENTITLEMENT_NOT_ALLOWED',
    'error',
    () => ({ mac: {}, ...macStore, keys: ['com.apple.developer.game-center'] }),
  ],
  [
    'no sandbox in the Mac App Store',
    'SANDBOX_MISSING',
    'error',
    () => ({ mac: {}, ...macStore, entitlements: { 'com.apple.security.network.client': true } }),
  ],
  [
    'a program outside of the sandbox',
    'SANDBOX_MISSING',
    'error',
    () => macWith({ 'Contents/MacOS/tool': buildMachO({ text: 'tool' }) }, macStore),
  ],
]);
