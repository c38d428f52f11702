import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Moment, Until } from '../parts/time.tsx';
import { type Alert, alertsOf } from '../words/alerts.ts';
import { StaleNotice } from './banner.tsx';

const stateOf = (state: PageState) => state.standing;
const standingAtOf = (state: PageState) => state.standingAtMs;

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

const AlertNotice = ({ alert }: { alert: Alert }) => (
  <section class={`notice tone-${alert.tone}`} aria-label={alert.about}>
    <div>
      <p>
        <Status tone={alert.tone} word={`${alert.about}: ${alert.word}`} />{' '}
        <Foreign text={alert.detail ?? ''} max={1_000} />
        {alert.sinceMs !== undefined && (
          <span class="small">
            {' '}
            Since <Moment atMs={alert.sinceMs} />.
          </span>
        )}
      </p>
      {alert.nextStep && (
        <p class="next">
          <strong>What to do:</strong> <Foreign text={alert.nextStep} max={1_000} />
          {alert.nextTryAtMs !== undefined && (
            <>
              {' '}
              Next try in <Until atMs={alert.nextTryAtMs} />.
            </>
          )}
        </p>
      )}
    </div>
  </section>
);
