import type { ServiceManager } from '../manager.ts';
import { installUnit, startUnit, stateOfUnit, stopUnit, uninstallUnit } from './install.ts';
import { unitNotes } from './notes.ts';
import { planUnit, type UnitPlan } from './plan.ts';

export const systemd: ServiceManager = {
  plan: async (flags, host) => {
    const plan = await planUnit(flags, host);
    return { name: 'unit', text: plan.text, facts: factsOf(plan) };
  },
  install: async (flags, host) => {
    const { plan, outcome } = await installUnit(flags, host);
    return { outcome, path: plan.unitPath, facts: factsOf(plan), notes: unitNotes(plan) };
  },
  uninstall: uninstallUnit,
  start: startUnit,
  stop: stopUnit,
  ending:
    'The service finishes its jobs and does not start again; "perry-ship status" shows them. Run this once more when it has ended.',
  state: async (flags, host) => {
    const state = await stateOfUnit(flags, host);
    if (!state) return undefined;
    const { pid, restarts, lastExit, unitPath } = state;
    return {
      pid,
      hasFailed: pid === null && (lastExit ?? 0) !== 0,
      facts: { ...state },
      lines: [
        ['service', `${state.state}${pid === null ? '' : `, process ${pid}`}`],
        ...(restarts === null ? [] : [['restarts', String(restarts)] as const]),
        ...(lastExit === null ? [] : [['last exit', String(lastExit)] as const]),
        ...(unitPath === null ? [] : [['unit', unitPath] as const]),
      ],
    };
  },
};

/** The plan, as far as it is not the unit itself. */
const factsOf = ({ unitPath, spec, unseenVariables }: UnitPlan) => ({
  ...{ unitPath, envFile: spec.envFile ?? null, unseenVariables },
});
