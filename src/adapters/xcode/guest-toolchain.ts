import type { Toolchain } from '../../domain/toolchain.ts';

export interface ToolchainFacts {
  /** What the operator says (`PERRY_TOOLCHAIN`). */
  readonly configured?: Toolchain | undefined;
  /** The machines are this very host, with nothing of their own. */
  readonly isHostItself: boolean;
  readonly hostPlatform: NodeJS.Platform;
}

/**
 * What the machines of this worker can do. All of them are made of one golden image, so what one guest has answered
 * is expected of the next; it is asked all the same, because an image can be replaced while the worker runs.
 */
export interface GuestToolchain {
  /** Needs no question: it was configured, or cannot be otherwise. */
  readonly certain: Toolchain | undefined;
  /** What is certain, or what the last guest has answered. */
  expected(): Toolchain | undefined;
  /** A guest has answered. */
  readonly learn: (toolchain: Toolchain) => void;
}

export function createGuestToolchain(facts: ToolchainFacts): GuestToolchain {
  const { configured, isHostItself, hostPlatform } = facts;
  const certain = configured ?? (isHostItself && hostPlatform !== 'darwin' ? 'portable' : undefined);
  let answered: Toolchain | undefined;
  return {
    certain,
    expected: () => certain ?? answered,
    learn: (toolchain) => {
      answered = toolchain;
    },
  };
}
