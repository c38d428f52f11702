import { malformed } from './malformed.ts';

export type Instruction =
  | { readonly kind: 'character'; readonly accepts: (character: string) => boolean }
  /** Goes on at each of these places, counted from here. */
  | { readonly kind: 'jump'; readonly to: readonly number[] }
  | { readonly kind: 'assert'; readonly what: 'atStart' | 'atEnd' }
  | { readonly kind: 'match' };

/** The last instruction is the match. */
export type Program = readonly Instruction[];

const MAX_PATTERN_LENGTH = 512;
const MAX_PROGRAM_LENGTH = 4_096;
const MAX_REPEAT = 255;
const MAX_DEPTH = 32;

/** Compiles a POSIX extended regular expression. @throws ShipError SIGNATURE_MALFORMED */
export function compilePattern(source: string): Program {
  if (source.length > MAX_PATTERN_LENGTH) throw broken(source.slice(0, 40));
  const parser = new PatternParser(source);
  return [...parser.alternatives(0), { kind: 'match' }];
}

const broken = (source: string): Error =>
  malformed('CodeResources file', `its rule "${source}" is no regular expression that is understood here`);

class PatternParser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(depth: number): Instruction[] {
    if (depth > MAX_DEPTH) throw broken(this.#source);
    const branches = [this.#sequence(depth)];
    while (this.#take('|')) branches.push(this.#sequence(depth));
    if (depth === 0 && this.#at < this.#source.length) throw broken(this.#source);
    return branches.reduceRight((rest, branch) => this.#bounded(either(branch, rest)));
  }

  #sequence(depth: number): Instruction[] {
    const sequence: Instruction[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek()))
      sequence.push(...this.#repeated(depth));
    return this.#bounded(sequence);
  }

  #repeated(depth: number): Instruction[] {
    let unit = this.#unit(depth);
    for (let operator = this.#peek(); operator !== '' && '*+?{'.includes(operator); operator = this.#peek()) {
      this.#at += 1;
      if (operator === '*') unit = repeat(unit);
      else if (operator === '+') unit = [...unit, ...repeat(unit)];
      else if (operator === '?') unit = either(unit, []);
      else unit = this.#counted(unit);
      this.#bounded(unit);
    }
    return unit;
  }

  #counted(unit: readonly Instruction[]): Instruction[] {
    const match = /^(\d{1,3})(,(\d{1,3})?)?\}/.exec(this.#source.slice(this.#at));
    const least = Number(match?.[1]);
    const most = match?.[2] === undefined ? least : Number(match[3] ?? least);
    if (!match || most < least || most > MAX_REPEAT) throw broken(this.#source);
    this.#at += match[0].length;
    const required = Array.from({ length: least }, () => unit).flat();
    if (match[2] !== undefined && match[3] === undefined)
      return this.#bounded([...required, ...repeat(unit)]);
    this.#bounded(Array.from({ length: most }, () => unit).flat());
    const optional = Array.from({ length: most - least }).reduce<Instruction[]>(
      (rest) => either([...unit, ...rest], []),
      [],
    );
    return this.#bounded([...required, ...optional]);
  }

  #unit(depth: number): Instruction[] {
    const character = this.#next();
    if (character === '(') return this.#group(depth);
    if (character === '[') return [{ kind: 'character', accepts: this.#set() }];
    if (character === '^') return [{ kind: 'assert', what: 'atStart' }];
    if (character === '$') return [{ kind: 'assert', what: 'atEnd' }];
    if (character === '.') return [{ kind: 'character', accepts: () => true }];
    if ('*+?{'.includes(character)) throw broken(this.#source);
    return [literal(character === '\\' ? this.#next() : character)];
  }

  #group(depth: number): Instruction[] {
    const inside = this.alternatives(depth + 1);
    if (!this.#take(')')) throw broken(this.#source);
    return inside;
  }

  #set(): (character: string) => boolean {
    const negated = this.#take('^');
    const ranges: Array<readonly [string, string]> = [];
    do {
      const first = this.#next();
      if (first === '[' && ':.='.includes(this.#peek())) throw broken(this.#source);
      const isRange = this.#peek() === '-' && this.#source[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      ranges.push([first, isRange ? this.#next() : first]);
    } while (!this.#take(']'));
    return (character) => negated !== ranges.some(([low, high]) => character >= low && character <= high);
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #next(): string {
    const character = this.#source[this.#at];
    if (character === undefined) throw broken(this.#source);
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #bounded(program: Instruction[]): Instruction[] {
    if (program.length > MAX_PROGRAM_LENGTH) throw broken(this.#source.slice(0, 40));
    return program;
  }
}

const literal = (wanted: string): Instruction => ({
  kind: 'character',
  accepts: (character) => character === wanted,
});

const jump = (...to: number[]): Instruction => ({ kind: 'jump', to });

const either = (one: readonly Instruction[], other: readonly Instruction[]): Instruction[] => [
  jump(1, one.length + 2),
  ...one,
  jump(other.length + 1),
  ...other,
];

const repeat = (unit: readonly Instruction[]): Instruction[] => [
  jump(1, unit.length + 2),
  ...unit,
  jump(-unit.length - 1),
];
