import type { ComponentChildren } from 'preact';
import type { JobRecord } from '../../history/record.ts';
import { Code, Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { byteSize, counted, shortDuration } from '../words/format.ts';

type Row = readonly [label: string, value: ComponentChildren] | false | null;

/** What is known of a job, in pairs. */
export function JobFacts({ record }: { record: JobRecord }) {
  const rows = rowsOf(record).filter((row) => row !== false && row !== null);
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const rowsOf = (record: JobRecord): readonly Row[] => [
  ...timesOf(record),
  record.bundleId !== null && ['Bundle id', <Foreign key="b" text={record.bundleId} />],
  record.version !== null && ['Version', <Foreign key="v" text={record.version} />],
  record.bytes.bundle !== null && ['Bundle, unpacked', byteSize(record.bytes.bundle)],
  record.machine !== null && ['Machine', <Code key="m" text={record.machine} />],
  record.leakedMachine !== null && ['Could not be deleted', <Code key="l" text={record.leakedMachine} />],
  record.retries > 0 && ['Tried again', counted(record.retries, 'time')],
  record.artifacts.length > 0 && ['Artifacts', <Artifacts key="a" record={record} />],
  record.submissions.length > 0 && ['Submissions to Apple', <Codes key="s" texts={record.submissions} />],
  record.publishedAs !== null && ['Uploaded to Apple as', <Code key="p" text={record.publishedAs} />],
  ['Run', <Code key="r" text={record.runId} />],
];

const timesOf = (record: JobRecord): readonly Row[] => [
  record.receivedAtMs !== null && ['Received', <Moment key="t" atMs={record.receivedAtMs} />],
  record.endedAtMs !== null && ['Ended', <Moment key="e" atMs={record.endedAtMs} />],
  record.endedAtMs !== null && ['Took', shortDuration(record.durationMs)],
  record.waits.slotMs > 0 && ['Waited for a slot', shortDuration(record.waits.slotMs)],
  record.waits.machineMs > 0 && ['Waited for its machine', shortDuration(record.waits.machineMs)],
  record.waits.appleMs > 0 && ['Waited for Apple', shortDuration(record.waits.appleMs)],
];

const Codes = ({ texts }: { texts: readonly string[] }) => (
  <ul class="plain">
    {texts.map((text) => (
      <li key={text}>
        <Code text={text} />
      </li>
    ))}
  </ul>
);

const Artifacts = ({ record: { artifacts } }: { record: JobRecord }) => (
  <ul class="plain">
    {artifacts.map(({ name, sizeBytes, sha256Hex }) => (
      <li key={sha256Hex}>
        <Foreign text={name} max={120} />, {byteSize(sizeBytes)}
        <br />
        <span class="muted small">
          SHA-256 <Code text={sha256Hex} />
        </span>
      </li>
    ))}
  </ul>
);
