import type { AnyActorRef } from 'xstate';
import type { Services } from '../run/services.ts';

export interface Inspector {
  stop(): Promise<void>;
}

/** Off unless it was asked for: then not even its code is loaded. A port in use is a warning, no more. */
export async function startInspector(
  supervisor: AnyActorRef,
  { config, logger, redactor, driver }: Services,
  driverText: string,
): Promise<Inspector | undefined> {
  if (config.inspectPort === undefined) return undefined;
  const { startInspectRelay } = await import('../observability/inspect-relay.ts');
  try {
    const relay = await startInspectRelay({
      root: supervisor,
      port: config.inspectPort,
      machines: driver.isolates ? driverText : `${driverText}, which isolates nothing`,
      redact: (text, jobId) => (jobId === undefined ? redactor.ofAnyJob : redactor.ofJob(jobId))(text),
      onFault: (error) => logger.warn({ err: error }, 'the inspector left something out'),
    });
    logger.info({ page: `http://127.0.0.1:${relay.port}/` }, 'the inspector is on');
    return relay;
  } catch (error) {
    logger.warn({ port: config.inspectPort, err: error }, 'the inspector is off: its port cannot be used');
    return undefined;
  }
}
