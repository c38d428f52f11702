interface ProgressProps {
  /** What it is the progress of, for those who do not see it. */
  readonly name: string;
  /** 0 to 100; null when it is not known. */
  readonly percent: number | null;
}

export const Progress = ({ name, percent }: ProgressProps) => (
  <progress class="progress" aria-label={name} max={100} {...(percent !== null && { value: percent })} />
);
