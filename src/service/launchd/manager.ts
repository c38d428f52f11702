import type { ServiceManager } from '../manager.ts';
import { installService, startService, stateOfService, stopService, uninstallService } from './install.ts';
import { installNotes } from './notes.ts';
import { planService, type ServicePlan } from './plan.ts';

export const launchd: ServiceManager = {
  plan: async (flags, host) => {
    const plan = await planService(flags, host);
    return { name: 'plist', text: plan.plist.toString('utf8'), facts: factsOf(plan) };
  },
  install: async (flags, host) => {
    const { plan, outcome } = await installService(flags, host);
    return { outcome, path: plan.plistPath, facts: factsOf(plan), notes: installNotes(plan) };
  },
  uninstall: uninstallService,
  start: startService,
  stop: stopService,
  ending: 'The service is removed and finishes its jobs; "perry-ship status" shows them.',
  state: async (flags, host) => {
    const state = await stateOfService(flags, host);
    if (!state) return undefined;
    const { pid, starts, lastExit, plistPath } = state;
    return {
      pid,
      // "70: EX_SOFTWARE"; after a drain it is 0
      hasFailed: pid === null && /^[1-9]/.test(lastExit ?? ''),
      facts: { ...state },
      lines: [
        ['service', `${state.state}${pid === null ? '' : `, process ${pid}`}`],
        ...(starts === null ? [] : [['starts', String(starts)] as const]),
        ...(lastExit === null ? [] : [['last exit', lastExit] as const]),
        ...(plistPath === null ? [] : [['plist', plistPath] as const]),
      ],
    };
  },
};

/** The plan, as far as it is not the property list itself. */
const factsOf = ({ plistPath, logDir, spec, unseenVariables }: ServicePlan) => ({
  ...{ plistPath, logDir, envFile: spec.envFile ?? null, unseenVariables },
});
