import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from 'vite';

/** One regular expression of the program, wherever it is written: found by parsing, so that none is forgotten. */
export interface Expression {
  readonly source: string;
  readonly flags: string;
  /** `src/file.ts:line` */
  readonly place: string;
}

export interface Expressions {
  readonly literals: readonly Expression[];
  /** Calls that make or hide expressions which nobody can look at beforehand. */
  readonly hidden: readonly string[];
}

/** `stripVTControlCharacters` of node:util (20.20) is quadratic. */
const HIDING = new Set(['RegExp', 'stripVTControlCharacters']);

/** All regular expressions in these folders. @param root - absolute */
export async function expressionsIn(root: string, folders: readonly string[]): Promise<Expressions> {
  const found = { literals: [] as Expression[], hidden: [] as string[] };
  for (const folder of folders)
    for (const name of await readdir(join(root, folder), { recursive: true }))
      if (/\.tsx?$/.test(name))
        collect(`${folder}/${name}`, await readFile(join(root, folder, name), 'utf8'), found);
  return found;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly regex?: { readonly pattern: string; readonly flags: string } | null;
  readonly callee?: { readonly name?: string };
}

/** @throws Error when the file cannot be parsed */
export function collect(
  file: string,
  text: string,
  found: { literals: Expression[]; hidden: string[] },
): void {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const placeOf = ({ start }: Node) => `${file}:${text.slice(0, start).split('\n').length}`;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const node = value as Node;
    if (node.regex)
      found.literals.push({ source: node.regex.pattern, flags: node.regex.flags, place: placeOf(node) });
    if (/^(New|Call)Expression$/.test(node.type) && HIDING.has(node.callee?.name ?? ''))
      found.hidden.push(placeOf(node));
    for (const part of Object.values(node)) visit(part);
  };
  visit(program);
}
