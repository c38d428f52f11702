import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * A stack trace whose places in our bundles are places in the sources, by the maps beside the bundles. Node's own
 * option for it reads every map at the start, which costs each process time and memory for an error that may never
 * come; here they are read when there is one. What cannot be found stays as it was.
 */
export function withSourceLines(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string): SourceMap | undefined => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    return maps.get(file);
  };
  return stack
    .split('\n')
    .map((line) => lineInSource(line, mapOf))
    .join('\n');
}

/** `    at name (file:///…/chunk.js:12:34)`, or without a name and the brackets. */
function lineInSource(line: string, mapOf: (file: string) => SourceMap | undefined): string {
  const start = line.indexOf('file://');
  if (start < 0 || !line.trimStart().startsWith('at ')) return line;
  const end = line.endsWith(')') ? line.length - 1 : line.length;
  const [column, row, ...rest] = line.slice(start, end).split(':').reverse();
  const entry = mapOf(rest.reverse().join(':'))?.findEntry(Number(row) - 1, Number(column) - 1);
  if (!entry || !('originalSource' in entry)) return line;
  const source = entry.originalSource.replaceAll('../', '');
  return `${line.slice(0, start)}${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}${line.slice(end)}`;
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
