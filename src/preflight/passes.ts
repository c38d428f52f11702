import type { SuppliedP12 } from '../domain/credentials/index.ts';
import type { IdentityPurpose } from '../domain/identity/index.ts';
import type { ProfileKind } from '../domain/profile/index.ts';
import type { Context, PreflightCredentials } from './input.ts';

/** One signature over the whole app; `both` makes two. */
export interface Pass {
  readonly distribution: 'direct' | 'store';
  readonly purpose: IdentityPurpose;
  readonly p12?: SuppliedP12;
  /** The profile that was given goes into what this pass makes. */
  readonly takesProfile: boolean;
  /** Kinds of profiles that do; every kind when there is none. */
  readonly profileKinds: readonly ProfileKind[];
}

/** Which certificate serves which pass. */
export function passesOf(context: Context, { main, notarize }: PreflightCredentials): readonly Pass[] {
  const own = main && { p12: main };
  if (context.platform === 'ios')
    return [
      context.toStore
        ? { distribution: 'store', purpose: 'ios-store', ...own, takesProfile: true, profileKinds: ['store'] }
        : { distribution: 'direct', purpose: 'ios-direct', ...own, takesProfile: true, profileKinds: [] },
    ];
  const store: Pass = {
    distribution: 'store',
    purpose: 'macos-store',
    ...own,
    takesProfile: true,
    profileKinds: ['store'],
  };
  const direct: Pass = {
    distribution: 'direct',
    purpose: context.toNotary ? 'macos-notarized' : 'macos-direct',
    ...(context.toStore && notarize ? { p12: notarize } : own),
    takesProfile: !context.toStore,
    profileKinds: context.toNotary ? ['developer-id'] : [],
  };
  if (context.distribution === 'both') return [direct, store];
  return [context.toStore ? store : direct];
}
