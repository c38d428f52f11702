export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="([^"\\]*)"/g;

/** Reads what `/metrics` says, and takes nothing that it does not know; `promtool` judges the form itself. */
export function samplesOf(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no sample: ${line}`);
      const pairs = [...labels.matchAll(LABEL)].map(([, label = '', said = '']) => [label, said]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** The one sample of a name that has these labels. */
export function sampleValue(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const fitting = samplesOf(text).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, said]) => sample.labels[label] === said),
  );
  if (fitting.length !== 1) throw new Error(`${fitting.length} samples of ${name} ${JSON.stringify(labels)}`);
  return fitting[0]?.value as number;
}
