import type { ComponentChildren } from 'preact';
import type { DiskStanding, Standing } from '../../live/messages.ts';
import type { DaemonStatus } from '../../observability/status.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Elapsed, Until } from '../parts/time.tsx';
import { byteSize, counted } from '../words/format.ts';
import { hubSaid } from '../words/hub.ts';
import { endedSaid } from '../words/jobs.ts';
import { intakeSaid } from '../words/work.ts';

const standingOf = ({ standing }: PageState) => standing;
const machinesOf = ({ machines }: PageState) => machines;
const atOf = ({ standingAtMs }: PageState) => standingAtMs;

/** How the daemon stands, at a glance. */
export function Tiles() {
  const standing = usePage(standingOf);
  const atMs = usePage(atOf);
  if (!standing) return <p class="empty">Asking the daemon…</p>;
  const { status } = standing;
  return (
    <dl class="tiles">
      <HubTile status={status} atMs={atMs} />
      <WorkTile status={status} atMs={atMs} />
      <SlotsTile status={status} />
      <MachinesTile status={status} />
      <EndedTile standing={standing} />
      <DiskTile disk={standing.disk} />
    </dl>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly children?: ComponentChildren;
}

export const Tile = ({ label, value, children }: TileProps) => (
  <div class="tile">
    <dt>{label}</dt>
    <dd>
      <div class="tile-value">{value}</div>
      <div class="tile-more">{children}</div>
    </dd>
  </div>
);

function HubTile({ status, atMs }: { status: DaemonStatus; atMs: number }) {
  const { tone, word } = hubSaid(status);
  const { nextTryInSeconds } = status;
  return (
    <Tile label="Hub" value={<Status tone={tone} word={word} />}>
      {nextTryInSeconds === null ? (
        <Foreign text={status.hub} max={60} />
      ) : (
        <>
          Next try in <Until atMs={atMs + nextTryInSeconds * 1_000} />
        </>
      )}
    </Tile>
  );
}

function WorkTile({ status, atMs }: { status: DaemonStatus; atMs: number }) {
  const { tone, word } = intakeSaid(status);
  return (
    <Tile label="Work" value={<Status tone={tone} word={word} />}>
      Up <Elapsed sinceMs={atMs - status.uptimeSeconds * 1_000} />
    </Tile>
  );
}

function SlotsTile({ status: { slots } }: { status: DaemonStatus }) {
  const { used, max, waiting } = slots;
  return (
    <Tile label="Slots" value={<Share part={used} whole={max} word="in use" />}>
      {waiting === 0 ? 'Nobody waits' : `${counted(waiting, 'job')} in line`}
    </Tile>
  );
}

function MachinesTile({ status }: { status: DaemonStatus }) {
  const machines = usePage(machinesOf);
  const { slots, runs, leaked } = status;
  const busy = runs.filter(({ machine }) => machine !== null).length;
  const { standby, max, quarantined } = slots;
  return (
    <Tile label="Machines" value={<Share part={busy + standby} whole={max} word="alive" />}>
      {[
        `${busy} busy`,
        `${standby} standby`,
        ...(quarantined > 0 ? [`${quarantined} refused by the host`] : []),
        ...(leaked.length > 0 ? [`${leaked.length} leaked`] : []),
      ].join(' · ')}
      <br />
      <Foreign text={machines} max={60} />
    </Tile>
  );
}

/** Today, as far as a history is kept; since the start of the daemon otherwise. */
function EndedTile({ standing: { status, today } }: { standing: Standing }) {
  const { succeeded, others } = endedSaid(today ?? status.concluded);
  return (
    <Tile label={today ? 'Ended today' : 'Ended since the start'} value={<Status {...succeeded} />}>
      {others.map(({ tone, word }, index) => (
        <span key={word}>
          {index > 0 && ' · '}
          {tone === 'idle' ? word : <Status {...{ tone, word }} />}
        </span>
      ))}
    </Tile>
  );
}

function DiskTile({ disk }: { disk: DiskStanding | null }) {
  if (disk === null) return null;
  const free = `${byteSize(disk.freeBytes)} free`;
  const tone = DISK_TONES[disk.level];
  return (
    <Tile
      label="Disk"
      value={tone ? <Status {...{ tone, word: free }} /> : <span class="number">{free}</span>}
    >
      {disk.level === 'full' ? 'Too little for any job' : 'For machines and jobs'}
    </Tile>
  );
}

const DISK_TONES = { enough: undefined, low: 'warn', full: 'bad' } as const;

/** A part of a whole, as a number and as a bar. */
const Share = ({ part, whole, word }: { part: number; whole: number; word: string }) => (
  <span class="share">
    <span>
      <b class="number">{part}</b> <span class="muted">of {whole}</span> {word}
    </span>
    <meter min={0} max={Math.max(whole, 1)} value={part} aria-label={`${part} of ${whole} ${word}`} />
  </span>
);
