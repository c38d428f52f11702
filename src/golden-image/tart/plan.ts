import { join } from 'node:path';
import { shellCommand, shellQuote } from '../../adapters/guest/ssh/quote.ts';
import { PLACE_NUMBER, READ_NUMBER } from '../../adapters/vm/tart/identity.ts';
import { cacheFolder } from '../../cache-folder.ts';
import type { ImageHost } from '../kinds.ts';
import {
  authorise,
  type GuestCommand,
  inspection,
  power,
  rcodesign,
  shutDown,
  ssh,
  xcode,
  xcodeVersion,
} from './guest-commands.ts';
import { guestRelease } from './provision.ts';
import { isRemote, type TartWish } from './wish.ts';

/** Stand for names that are made for each build. */
const DRAFT = 'DRAFT';
const TRIAL = 'TRIAL';

/** Every command of a build, in order, on this host and (by ssh) in its guests; what begins with `#` says what for. */
export function planText(host: ImageHost, wish: TartWish): readonly string[] {
  const { name, base, force } = wish;
  const takesPassword = wish.authorizedKey === undefined;
  const inDraft = guestLines(host, wish, DRAFT);
  const inTrial = guestLines(host, wish, TRIAL);
  return [
    `# ${DRAFT} and ${TRIAL} stand for names of ours that exist for this build alone`,
    ...['tart --version', 'tart list --format json'],
    ...(isRemote(base) ? ['# when it is not on this host yet', tart('pull', base)] : []),
    ...[tart('clone', base, DRAFT), tart('set', DRAFT, '--random-mac')],
    ...boot(host, DRAFT),
    ...section('whether the guest is suitable', inDraft(Object.values(inspection))),
    ...section('rcodesign, by its pinned digest', [
      ...fetchArchive(host),
      ...inDraft([rcodesign.prepare, rcodesign.send, rcodesign.digest, ...rcodesign.install]),
      ...inDraft([rcodesign.version]),
    ]),
    ...section('no sleep, no screen saver, no software update', inDraft(power)),
    ...(wish.xcode === undefined ? [] : section('Xcode', inDraft([...xcode, xcodeVersion]))),
    ...(wish.authorizedKey === undefined
      ? []
      : section('who may log in', inDraft(authorise(wish.authorizedKey)))),
    ...section('SSH', inDraft([...ssh.install(takesPassword), ssh.effective, ssh.hostKey])),
    ...section('shut down, and try out a clone', inDraft([shutDown])),
    ...[tart('clone', DRAFT, TRIAL), tart('set', TRIAL, '--random-mac')],
    ...boot(host, TRIAL),
    ...inTrial([rcodesign.version, ...(wish.xcode === undefined ? [] : [xcodeVersion])]),
    tart('delete', TRIAL),
    ...(force ? ['# an image of that name steps aside until the new one has its place'] : []),
    tart('rename', DRAFT, name),
  ];
}

const tart = (...words: readonly string[]): string => ['tart', ...words].map(shellQuote).join(' ');

const boot = (host: ImageHost, name: string): readonly string[] => [
  `${tart('run', name, '--no-graphics', '--no-audio', '--no-clipboard')} &`,
  tart('ip', name, '--wait', '5'),
  '# a random number goes in by the agent of Tart, and must come back over SSH',
  tart('exec', '-i', name, '/bin/sh', '-c', PLACE_NUMBER, `.${name}`, '/tmp'),
  `${login(host, name)} ${shellQuote(shellCommand(['/bin/sh', '-c', READ_NUMBER, `.${name}`]))}`,
];

const section = (title: string, lines: readonly string[]): readonly string[] => [`# ${title}`, ...lines];

function fetchArchive({ env }: ImageHost): readonly string[] {
  const { url, sha256Hex } = guestRelease();
  const file = archiveIn(env);
  return [
    '# when it is not in the cache yet',
    `curl --fail --location --output ${shellQuote(file)} ${shellQuote(url)}`,
    `echo ${shellQuote(`${sha256Hex}  ${file}`)} | shasum -a 256 --check`,
  ];
}

const archiveIn = (env: NodeJS.ProcessEnv): string =>
  join(cacheFolder(env), new URL(guestRelease().url).pathname.split('/').at(-1) ?? '');

/** The base image takes its password; what was made of it takes the key. */
const login = ({ config }: ImageHost, name: string): string => {
  const { tartSshPort: port, tartSshUser: user, tartSshKeyFile: key } = config;
  const identity = name === TRIAL && key !== undefined ? ` -i ${shellQuote(key)}` : '';
  return `ssh -p ${port}${identity} ${user}@$(tart ip ${name})`;
};

/** By ssh, as one types it: the address is asked for, the input comes from a file or a pipe. */
const guestLines =
  (host: ImageHost, wish: TartWish, name: string) =>
  (commands: readonly GuestCommand[]): readonly string[] =>
    commands.map(({ line, stdin, file }) => {
      const call = `${login(host, name)} ${shellQuote(line)}`;
      if (stdin !== undefined) return `printf %s ${shellQuote(stdin)} | ${call}`;
      if (file === undefined) return call;
      return `${call} < ${shellQuote(file === 'xcode' ? (wish.xcode ?? '') : archiveIn(host.env))}`;
    });
