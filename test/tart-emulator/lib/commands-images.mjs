import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { described, usageError } from './failures.mjs';
import { existing, localNames, readConfig, stateOf, vmDir } from './home.mjs';
import { cached, cachedNames, implicitPull } from './images.mjs';

const SOURCES = ['local', 'oci'];
const FORMATS = ['text', 'json'];

export const list = {
  flags: ['--quiet', '-q'],
  options: ['--source', '--format'],
  async execute({ home, options }) {
    const { '--source': source, '--format': format = 'text' } = options;
    if (source !== undefined && !SOURCES.includes(source))
      throw usageError('list', `'${source}' is not a valid <source>`);
    if (!FORMATS.includes(format)) throw usageError('list', `'${format}' is not a valid <format>`);
    const rows = [
      ...(source === 'oci'
        ? []
        : await Promise.all((await localNames(home)).map((name) => localRow(home, name)))),
      ...(source === 'local' ? [] : (await cachedNames(home)).map(imageRow)),
    ];
    const isQuiet = options['--quiet'] || options['-q'];
    if (isQuiet) for (const { Name } of rows) process.stdout.write(`${Name}\n`);
    else process.stdout.write(format === 'json' ? `${asJson(rows)}\n` : asText(rows));
  },
};

async function localRow(home, name) {
  const dir = vmDir(home, name);
  const State = await stateOf(dir);
  const { atime } = await stat(dir);
  const Accessed = `${atime.toISOString().slice(0, 19)}Z`;
  return { Source: 'local', Name: name, Disk: 50, Size: 31, Accessed, Running: State === 'running', State };
}

const imageRow = (Name) => ({
  Source: 'OCI',
  Name,
  Disk: 50,
  Size: 30,
  Accessed: '2026-05-01T00:00:00Z',
  Running: false,
  State: 'stopped',
});

/** As Foundation prints it: keys in any order, a space before each colon, escaped slashes. */
function asJson(value) {
  const objects = (Array.isArray(value) ? value : [value]).map(
    (row) => `{\n${shuffled(Object.entries(row)).map(field).join(',\n')}\n}`,
  );
  if (!Array.isArray(value)) return objects[0];
  if (objects.length === 0) return '[\n\n]';
  return `[\n${objects.join(',\n').replace(/^/gm, '  ')}\n]`;
}

const field = ([key, value]) => `  "${key}" : ${JSON.stringify(value).replaceAll('/', '\\/')}`;
const shuffled = (items) =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

const asText = (rows) =>
  [['Source', 'Name', 'Disk', 'Size', 'Accessed', 'State'], ...rows.map(cells)]
    .map(
      (columns) =>
        `${columns
          .map((text) => String(text).padEnd(12))
          .join(' ')
          .trimEnd()}\n`,
    )
    .join('');
const cells = ({ Source, Name, Disk, Size, Accessed, State }) => [Source, Name, Disk, Size, Accessed, State];

export const get = {
  names: [1, 1],
  options: ['--format'],
  async execute({ home, names: [name] }) {
    const dir = existing(home, name);
    const { cpuCount, memorySize } = await readConfig(dir);
    const State = await stateOf(dir);
    const { size } = await stat(join(dir, 'disk.img'));
    process.stdout.write(
      `${asJson({
        OS: 'darwin',
        CPU: cpuCount,
        Memory: memorySize / 2 ** 20,
        Disk: 50,
        DiskFormat: 'raw',
        Size: (size / 1e9).toFixed(3),
        Display: '1024x768',
        Running: State === 'running',
        State,
      })}\n`,
    );
  },
};

export const pull = {
  names: [1, 1],
  flags: ['--insecure'],
  options: ['--concurrency'],
  async execute({ home, knobs, names: [name] }) {
    if (!name.includes('/'))
      return void process.stdout.write(`"${name}" is a local image, nothing to pull here!\n`);
    process.stdout.write(`pulling ${name}...\n`);
    if (!(await cached(home, name))) return void (await implicitPull(home, name, knobs));
    process.stdout.write(`${name} image is already cached and linked!\n`);
  },
};

export const fqn = {
  names: [1, 1],
  async execute({ names: [name] }) {
    process.stdout.write(`${name}\n`);
  },
};

export const prune = {
  options: ['--entries', '--older-than', '--space-budget'],
  async execute({ options }) {
    if (!options['--older-than'] && !options['--space-budget'])
      throw usageError('prune', 'at least one pruning criteria must be specified');
    throw described('this emulator does not prune');
  },
};
