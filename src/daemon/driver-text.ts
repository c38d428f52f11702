import type { Services } from '../run/services.ts';

/** The driver as people are told of it, e.g. `qemu (emulated)`; where guests are slow for no need, the log says why. */
export async function driverText(
  { driver, logger, config }: Pick<Services, 'driver' | 'logger' | 'config'>,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  const processor = await driver.processor?.(image, { signal });
  if (processor?.kind !== 'emulated') return config.vmDriver;
  logger.warn({ ...processor.obstacle }, EMULATED);
  return `${config.vmDriver} (emulated)`;
}

const EMULATED = 'Machines are emulated in software, which makes them many times slower.';
