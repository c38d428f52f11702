#!/usr/bin/env node
// Stands for systemctl, for one unit: it really starts and ends the daemon that `daemon.json` beside it names.
// While `kills-caller` is there, an order to start kills whoever gives it, as a power cut would.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, exit, kill, ppid, stdout } from 'node:process';

const here = dirname(argv[1]);
const at = (name) => join(here, name);
const { scope, args } = JSON.parse(readFileSync(at('daemon.json'), 'utf8'));
const [asked, , , ...words] = argv.slice(2);
const [verb] = words.filter((word) => word !== '--no-block');
appendFileSync(at('calls'), `${asked} ${verb}\n`);

const read = (name) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8').trim() : undefined);
const code = () => read('exit');
const pid = () => (code() === undefined ? read('pid') : undefined);

function show() {
  const active = pid() ? 'active' : (code() ?? '0') === '0' ? 'inactive' : 'failed';
  const facts = [`ActiveState=${active}`, `SubState=${active}`, `MainPID=${pid() ?? 0}`];
  return ['LoadState=loaded', ...facts, 'NRestarts=0', `ExecMainStatus=${code() ?? 0}`, 'FragmentPath=/u'];
}

async function start() {
  if (existsSync(at('kills-caller'))) return kill(ppid, 'SIGKILL');
  if (pid()) return;
  for (const name of ['pid', 'exit']) rmSync(at(name), { force: true });
  const script =
    '"$@" >> log 2>&1 & echo $! > pid.new; mv pid.new pid; wait $!; echo $? > exit.new; mv exit.new exit';
  spawn('/bin/sh', ['-c', script, 'sh', ...args], { cwd: here, detached: true, stdio: 'ignore' }).unref();
  while (!existsSync(at('pid'))) await new Promise(setImmediate);
}

if (asked !== scope) {
  if (verb === 'show') stdout.write('LoadState=not-found\nActiveState=inactive\nSubState=dead\n');
  exit(0);
}
if (verb === 'show') stdout.write(`${show().join('\n')}\n`);
if (verb === 'start') await start();
if (verb === 'stop' && pid()) kill(Number(pid()), 'SIGTERM');
