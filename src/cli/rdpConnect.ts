import { type Command, Option } from 'commander';
import type { ServerReconnectCookie } from '../../codecs/rdp/autoReconnect.ts';
import type { Transport } from '../ports/transport.ts';
import { dialRdp, type DialRdpOptions } from '../../transports/rdp/dialRdp.ts';
import { parseRdpFileServer } from '../../transports/rdp/rdpFileServer.ts';
import { describeRoute, type RdpRoute } from '../../transports/rdp/rdpRoute.ts';
import { formatRdpUrl, isRdpUrl, parseRdpServerUrl, type RdpUrl } from '../../transports/rdp/rdpUrl.ts';
import type { ServerTrust } from '../../transports/rdp/serverTls.ts';
import type { RdpCredentials } from '../rdp/rdpServerConnection.ts';
import { dialAgainWhenCut, unlessAborted } from './dialAgain.ts';
import { Failure } from './failure.ts';
import { readSecret, readText } from './files.ts';
import { stateFolder } from './keptIdentity.ts';
import { confirmedBy, judgeByKnownHosts, knownHostsFile } from './knownHosts.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

/** How a command logs on at an RDP server. */
export interface RdpConnectOptions {
  readonly passwordFile?: string;
  readonly domain?: string;
  readonly knownHosts?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly insecure?: boolean;
}

/** Milliseconds to log on in where a person may be asked about the certificate. */
const TIME_WITH_QUESTIONS = 180_000;

/** Text for --help about {@link addRdpConnectOptions}. */
export const RDP_CONNECT_HELP = `
--connect rdp://USER@HOST[:PORT] logs on at an RDP server with --password-file FILE and redirects devices to that
session; it shows no desktop. The file of --rdp gives the address and the user where --connect does not. A server's
certificate is remembered at the first connection, after a question where there is a terminal, and another one is
refused.`;

export function addRdpConnectOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--password-file <file>', 'rdp: read the password from the first line of a file').conflicts('listen'),
    )
    .addOption(new Option('--domain <name>', 'rdp: Windows domain of the user').conflicts('listen'))
    .addOption(
      new Option(
        '--known-hosts <file>',
        'rdp: remembers certificates of servers; default: in the state folder',
      ).conflicts(['listen', 'fingerprint', 'ca', 'insecure']),
    );
}

/** Where a command gets the address of its server from. */
interface PlaceOptions {
  readonly connect?: string;
  readonly listen?: string;
  readonly attach?: readonly string[];
  readonly rdp?: string;
}

/**
 * The URL of `--connect`. The file of `--rdp` gives the address where no option says where the other end is, and the user where
 * the URL of an RDP server names none.
 * @throws Failure for a file that wants a gateway
 */
export async function placeToConnect(
  { connect, listen, attach, rdp }: PlaceOptions,
  say: (line: string) => void,
): Promise<string | undefined> {
  const isElsewhere = listen !== undefined || attach !== undefined || (connect !== undefined && !isRdpUrl(connect));
  if (rdp === undefined || isElsewhere) return connect;
  const { place, user, gateway } = parseRdpFileServer(await readText(rdp));
  const named = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  if (connect !== undefined) return connect.includes('@') ? connect : connect.replace('rdp://', `rdp://${named}`);
  if (place === undefined) return undefined;
  if (gateway !== undefined) {
    const problem = `${rdp}: the gateway ${gateway.host} is not used, because gateways are not supported`;
    if (gateway.isRequired)
      throw new Failure(`${problem}; where the server can be reached directly, give --connect`, 2);
    say(problem);
  }
  return `rdp://${named}${place}`;
}

/**
 * Logs on at the RDP server of a URL and gives the connection to `serve`. One that is cut is dialled again, for `hold` seconds,
 * with the cookie that the server gave, [MS-RDPBCGR] 1.3.1.5.
 * @throws Failure, UsageError or TransportError, each with one line
 */
export async function serveRdpServer(
  url: string,
  options: RdpConnectOptions & { readonly hold: number },
  context: Pick<ProgramContext, 'environment' | 'stdin'>,
  terminal: Terminal,
  signal: AbortSignal,
  serve: (transport: Transport) => Promise<void>,
): Promise<void> {
  let cookie: ServerReconnectCookie | undefined;
  let route: RdpRoute | undefined;
  let isSentOn = false;
  const onRedirected = (from: RdpUrl, next: RdpRoute) => {
    isSentOn = true;
    // It was the other server's.
    cookie = undefined;
    route = next;
    terminal.say(`${formatRdpUrl(from)} sends this client on to ${describeRoute(next)}`);
  };
  const dial = () => {
    const resuming = {
      ...{ onRedirected, onCookie: (given: ServerReconnectCookie) => (cookie = given) },
      ...(cookie && { cookie }),
      ...(route && { route }),
    };
    return unlessAborted(dialRdpServer(url, options, resuming, context, terminal, signal), signal);
  };
  const returning = {
    dial,
    serve: (transport: Transport) => {
      isSentOn = false;
      return serve(transport);
    },
    canReturn: () => cookie !== undefined || isSentOn,
  };
  await dialAgainWhenCut(returning, 1000 * options.hold, terminal, signal);
}

async function dialRdpServer(
  url: string,
  options: RdpConnectOptions,
  resuming: Pick<DialRdpOptions, 'cookie' | 'onCookie' | 'onRedirected' | 'route'>,
  context: Pick<ProgramContext, 'environment' | 'stdin'>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Transport> {
  const { stdin } = context;
  const isConfirmed =
    stdin.isTTY === true ? (question: string) => confirmedBy(stdin, terminal, question, signal) : undefined;
  const { target, credentials, trust } = await readRdpServer(url, options, context, terminal, { isConfirmed });
  const timeout = isConfirmed && { timeout: TIME_WITH_QUESTIONS };
  return await dialRdp(target, { credentials, ...trust, ...resuming, ...timeout, signal });
}

/**
 * The RDP server of a URL, the user there, and what vouches for its certificate.
 * @param passwordOption what gives the password, for people
 * @param isConfirmed asks a person about a certificate that is new; undefined: nobody can be asked
 * @throws Failure, UsageError, each with one line
 */
export async function readRdpServer(
  url: string,
  options: RdpConnectOptions,
  { environment }: Pick<ProgramContext, 'environment'>,
  terminal: Terminal,
  {
    passwordOption = '--password-file',
    isConfirmed,
  }: {
    readonly passwordOption?: string;
    readonly isConfirmed?: ((question: string) => Promise<boolean>) | undefined;
  } = {},
): Promise<{ readonly target: RdpUrl; readonly credentials: RdpCredentials; readonly trust: ServerTrust }> {
  const { userName, domain, ...target } = parseRdpServerUrl(url);
  const { ca, fingerprint, insecure, passwordFile } = options;
  const say = (line: string) => terminal.say(line);
  if (userName !== '' && passwordFile === undefined) {
    throw new Failure(`${url}: the password of ${userName} is missing: give ${passwordOption} FILE`, 2);
  }
  const password = passwordFile === undefined ? '' : await readSecret(passwordFile, 'password', say);
  const file = options.knownHosts ?? knownHostsFile(stateFolder(undefined, environment));
  const nameOf = (server: RdpUrl) => formatRdpUrl(server).replace(/^rdp:\/\//, '');
  return {
    target,
    credentials: { userName, password, domain: options.domain ?? domain },
    trust: {
      ...(ca !== undefined && { ca: await readText(ca) }),
      ...(fingerprint !== undefined && { fingerprint }),
      ...(insecure !== undefined && { insecure }),
      judge: (certificate) => judgeByKnownHosts(file, nameOf(certificate.target), certificate, say, isConfirmed),
    },
  };
}
