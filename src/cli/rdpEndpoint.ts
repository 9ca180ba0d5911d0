import { access, constants } from 'node:fs/promises';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Transport } from '../ports/transport.ts';
import type { Listener } from '../../transports/listen.ts';
import { listenRdp, type ListenRdpOptions } from '../../transports/rdp/listenRdp.ts';
import { listenRdpProxy, type ProxyServer } from '../../transports/rdp/listenRdpProxy.ts';
import { isSameSecret } from '../../transports/secrets.ts';
import { Failure } from './failure.ts';
import { readSecret } from './files.ts';
import type { ProgramContext } from './programContext.ts';
import { readRdpServer, type RdpConnectOptions } from './rdpConnect.ts';
import type { Terminal } from './terminal.ts';

/** Whom `rdp://` lets in. */
export interface RdpOptions {
  readonly user?: string;
  readonly passwordFile?: string;
  readonly nla?: boolean;
  readonly hold?: number;
  /** Of a proxy: the server behind it. */
  readonly to?: string;
  readonly toPasswordFile?: string;
}

/** Text for --help about {@link addRdpOptions}. */
export const RDP_HELP = `
rdp://HOST:PORT is for RDP clients, which need no urbdrc: FreeRDP with /usb, or mstsc with RemoteFX USB redirection. It
has TLS and asks for --user and --password-file; without these it listens only on this machine.`;

export function addRdpOptions(command: Command): Command {
  return command
    .addOption(new Option('--user <name>', 'rdp: the user that clients must name'))
    .addOption(new Option('--password-file <file>', 'rdp: read the password from the first line of a file'))
    .addOption(
      new Option('--nla', 'rdp: clients prove the password before RDP begins, by network level authentication'),
    );
}

/** @throws Failure, UsageError or TransportError, each with one line */
export async function openRdpListener(
  url: string,
  options: RdpOptions & RdpConnectOptions,
  identity: Pick<ListenRdpOptions, 'cert' | 'key' | 'identity'>,
  context: Pick<ProgramContext, 'environment'>,
  terminal: Terminal,
  onConnection: (transport: Transport) => void,
): Promise<Listener> {
  const { user } = options;
  const password = await readPassword(options, terminal);
  const authenticate =
    user === undefined || password === undefined
      ? undefined
      : (shown: { readonly userName: string; readonly password: string }) =>
          // Both, always: the time must not tell whether the name was right.
          [
            isSameSecret(shown.userName.toLowerCase(), user.toLowerCase()),
            isSameSecret(shown.password, password),
          ].every(Boolean) && user;
  if (options.nla === true && password === undefined) {
    throw new Failure('--nla is for listeners that ask for a password: give --user and --password-file', 2);
  }
  const passwordOf = (name: string) => (name.toLowerCase() === user?.toLowerCase() ? password : undefined);
  const admission = {
    ...identity,
    ...(authenticate === undefined ? {} : { authenticate }),
    ...(options.nla === true && { passwordOf }),
  };
  const refused = (error: Error, remote: string) => terminal.refused(error, remote);
  const listener =
    options.to === undefined
      ? await listenRdp(url, { ...admission, hold: options.hold ?? 0 }, onConnection, refused)
      : await listenRdpProxy(
          url,
          {
            ...admission,
            server: await readProxyServer(options.to, options, context, terminal),
            onDesktopOnly: (remote) => terminal.say(`client ${remote} ${DESKTOP_ONLY}`),
          },
          onConnection,
          refused,
        );
  const { host, port } = new URL(listener.url.replace(/^rdp:/, 'http:'));
  const reachable = host.replace(/^(0\.0\.0\.0|\[::\])(?=:|$)/, hostname());
  const fingerprint = listener.certificateFingerprint ?? '';
  terminal.say(`listening on ${listener.url}`, { event: 'listening', url: listener.url, fingerprint });
  terminal.say(`certificate fingerprint (SHA-256): ${fingerprint}`);
  const words = [
    await freerdpProgram(context.environment['PATH']),
    `/v:${port === '' ? `${reachable}:80` : reachable}`,
  ];
  if (user !== undefined) words.push(`/u:${user}`);
  words.push(`/cert:fingerprint:sha256:${fingerprint}`);
  terminal.say(`the other end: ${words.join(' ')} /usb:id,dev:VID:PID`);
  return listener;
}

const DESKTOP_ONLY =
  'has the desktop and no USB: switch USB redirection on in the RDP client, e.g. xfreerdp /usb:id,dev:VID:PID';

async function readProxyServer(
  to: string,
  options: RdpOptions & RdpConnectOptions,
  context: Pick<ProgramContext, 'environment'>,
  terminal: Terminal,
): Promise<ProxyServer> {
  const { passwordFile: _, toPasswordFile: passwordFile, ...rest } = options;
  const dialling = { ...rest, ...(passwordFile !== undefined && { passwordFile }) };
  const { target, credentials, trust } = await readRdpServer(to, dialling, context, terminal, {
    passwordOption: '--to-password-file',
  });
  return { target, ...trust, ...(credentials.userName !== '' && { credentials }) };
}

/** What FreeRDP is called on this machine: Debian's version 3 is `xfreerdp3`. Where there is none, as FreeRDP calls itself. */
async function freerdpProgram(path = ''): Promise<string> {
  for (const name of ['xfreerdp3', 'xfreerdp']) {
    for (const folder of path.split(delimiter).filter((each) => each !== '')) {
      const isThere = await access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return name;
    }
  }
  return 'xfreerdp';
}

async function readPassword({ user, passwordFile }: RdpOptions, terminal: Terminal): Promise<string | undefined> {
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new Failure('--user NAME and --password-file FILE go together', 2);
  }
  return passwordFile === undefined ? undefined : readSecret(passwordFile, 'password', (line) => terminal.say(line));
}
