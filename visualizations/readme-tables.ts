import { type Setting, settings } from '../src/config/settings.ts';
import { failureCodes } from '../src/errors.ts';

const ACTOR = {
  input: "the job's sender",
  host: 'the operator',
  upstream: 'nobody: try again',
  defect: 'the maintainers',
} as const;

/** Each setting, its default and its meaning. */
function settingsTable(): string {
  const rows = Object.values(settings).map(({ variable, meaning, defaultText, ...more }: Setting) => {
    const secret = more.secret ? ' *(secret)*' : '';
    return `| \`${variable}\` | ${meaning}${secret} | ${defaultText} |`;
  });
  return ['| Variable | Meaning | Default |', '|---|---|---|', ...rows].join('\n');
}

/** Each code that a job or a command can end with, and who must act. */
function failureTable(): string {
  const rows = Object.entries(failureCodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { kind, meaning }]) => `| \`${code}\` | ${ACTOR[kind]} | ${meaning} |`);
  return ['| Code | Who acts | Meaning |', '|---|---|---|', ...rows].join('\n');
}

const tables: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  'failure-codes': failureTable,
};

/** The README with its marked tables as the code says they are; text without markers stays as it is. */
export function withTables(readme: string): string {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const part = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    return text.replace(part, (_, open: string, close: string) => `${open}\n${render()}\n\n${close}`);
  }, readme);
}
