// styles of a part that is loaded later would not be loaded with it
import './chart.css';
import './picture.css';
import './time-line.css';
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ActorWayProps, JobWayProps } from './job-way.tsx';

/** Charts are drawn by much code, which is loaded when the first one is looked at. */
type Loaded = typeof import('./job-way.tsx');

let loading: Promise<Loaded> | undefined;
let loaded: Loaded | undefined;

async function load(): Promise<Loaded> {
  loading ??= import('./job-way.tsx');
  try {
    loaded = await loading;
    return loaded;
  } catch (error) {
    // after an update of the daemon the file has another name
    loading = undefined;
    throw error;
  }
}

function later<Props extends object>(
  pick: (from: Loaded) => FunctionComponent<Props>,
): FunctionComponent<Props> {
  return function Later(props: Props) {
    const [phase, setPhase] = useState<'waiting' | 'here' | 'failed'>(loaded ? 'here' : 'waiting');
    useEffect(() => {
      if (phase === 'waiting')
        load().then(
          () => setPhase('here'),
          () => setPhase('failed'),
        );
    }, [phase]);
    if (phase === 'here' && loaded) {
      const Shown = pick(loaded);
      return <Shown {...props} />;
    }
    return (
      <p role="status">
        {phase === 'failed' ? 'The chart could not be loaded: load the page again.' : 'The chart is loaded …'}
      </p>
    );
  };
}

export const ActorWay: FunctionComponent<ActorWayProps> = later(({ ActorWay: found }) => found);
export const JobWay: FunctionComponent<JobWayProps> = later(({ JobWay: found }) => found);
