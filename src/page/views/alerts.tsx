import type { Standing } from '../../live/messages.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Until } from '../parts/time.tsx';
import { counted, plain } from '../words/format.ts';
import { hubSaid } from '../words/hub.ts';
import type { Said } from '../words/tone.ts';
import { workSaid } from '../words/work.ts';
import { StaleNotice } from './banner.tsx';

const stateOf = (state: PageState) => state.standing;
const standingAtOf = (state: PageState) => state.standingAtMs;

interface Alert extends Said {
  readonly about: string;
  readonly nextTryAtMs?: number;
}

/** What an operator should look at, with what to do. */
export function Alerts() {
  const standing = usePage(stateOf);
  const standingAtMs = usePage(standingAtOf);
  const alerts = standing ? alertsOf(standing, standingAtMs) : [];
  return (
    <div class="alerts">
      <StaleNotice />
      {alerts.map((alert) => (
        <AlertNotice key={alert.about} alert={alert} />
      ))}
    </div>
  );
}

const AlertNotice = ({ alert: { tone, about, word, detail, nextStep, nextTryAtMs } }: { alert: Alert }) => (
  <section class={`notice tone-${tone}`} aria-label={about}>
    <div>
      <p>
        <Status tone={tone} word={`${about}: ${word}.`} /> <Foreign text={detail ?? ''} max={1_000} />
      </p>
      {nextStep && (
        <p class="next">
          <strong>What to do:</strong> <Foreign text={nextStep} max={1_000} />
          {nextTryAtMs !== undefined && (
            <>
              {' '}
              Next try in <Until atMs={nextTryAtMs} />.
            </>
          )}
        </p>
      )}
    </div>
  </section>
);

function alertsOf(standing: Standing, standingAtMs: number): readonly Alert[] {
  return [...hubAlert(standing, standingAtMs), ...workAlert(standing), ...machineAlerts(standing)];
}

function hubAlert({ status }: Standing, standingAtMs: number): readonly Alert[] {
  const said = hubSaid(status);
  if (said.tone !== 'bad') return [];
  const { nextTryInSeconds } = status;
  const nextTry = nextTryInSeconds === null ? {} : { nextTryAtMs: standingAtMs + nextTryInSeconds * 1_000 };
  return [{ about: 'Hub', ...said, ...nextTry }];
}

function workAlert({ status: { work } }: Standing): readonly Alert[] {
  const said = workSaid(work);
  return said.tone === 'bad' || said.tone === 'warn' ? [{ about: 'Work', ...said }] : [];
}

function machineAlerts({ status: { leaked, failingHosts, slots } }: Standing): readonly Alert[] {
  const hosts = Object.entries(failingHosts).map(([name, count]) => `${plain(name, 80)} (${count} times)`);
  const found: (Alert | false)[] = [
    leaked.length > 0 && {
      tone: 'bad',
      about: 'Machines',
      word: `${counted(leaked.length, 'machine')} could not be deleted`,
      detail: `They are tried again until they are gone: ${leaked.map((name) => plain(name, 80)).join(', ')}`,
      nextStep: 'If they stay, see the log for the cause and delete them by hand.',
    },
    slots.quarantined > 0 && {
      tone: 'warn',
      about: 'Slots',
      word: `${counted(slots.quarantined, 'slot')} out of service for some minutes`,
      detail: 'The host refused a machine that it should run.',
      nextStep: 'Look for other virtual machines on this host.',
    },
    hosts.length > 0 && {
      tone: 'warn',
      about: 'Cluster',
      word: 'Hosts that did not bring machines to run of late',
      detail: hosts.join(', '),
      nextStep: 'Restart Orchard there; the log says why.',
    },
  ];
  return found.filter((alert) => alert !== false);
}
