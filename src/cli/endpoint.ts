import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectionOptions } from '../engine/options.ts';
import type { Transport } from '../ports/transport.ts';
import { dial } from '../../transports/dial.ts';
import { listen, type Listener, type ListenOptions } from '../../transports/listen.ts';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import { USUAL_SUB_PROTOCOLS } from '../../transports/webSocket/subProtocols.ts';
import type { AccessFile } from './accessFile.ts';
import { repeat, unlessAborted } from './dialAgain.ts';
import { Failure, oneLine } from './failure.ts';
import { readSecret, readSecretText, readText } from './files.ts';
import { keptIdentity, stateFolder } from './keptIdentity.ts';
import type { ProgramMetrics } from './metricsOption.ts';
import { type RdpConnectOptions, serveRdpServer } from './rdpConnect.ts';
import { openRdpListener, type RdpOptions } from './rdpEndpoint.ts';
import { tellReady } from './serviceManager.ts';
import { RepeatableOption } from './repeatableOption.ts';
import { aborted } from './stopSignal.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

/** How a command reaches the other end. */
export interface EndpointOptions extends RdpOptions, RdpConnectOptions {
  readonly connect?: string;
  readonly listen?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly stateDir?: string;
  readonly reconnect?: boolean;
  readonly hold?: number;
  readonly origin?: readonly string[];
  readonly textMessages?: boolean;
  readonly holdHid?: number;
  /** Of a listener: those of --access. */
  readonly tokens?: AccessFile['tokens'];
}

/** The options of a listener about its certificate. */
export type ListenerIdentity = Pick<ListenOptions, 'cert' | 'key' | 'identity'>;

/** Text for --help about {@link addEndpointOptions}. */
export const ENDPOINT_HELP = `
URL is tcp://HOST:PORT, tls://HOST:PORT, unix:/PATH, or for a WebSocket ws://HOST:PORT/PATH or wss://HOST:PORT/PATH.
A port of 0 lets the system choose one when listening.
Listening on anything but this machine needs tls:// or wss:// and a token. Without --cert and --key a listener makes a
certificate at its first start, keeps it, and prints its fingerprint; give that to the other end with --fingerprint.
It is kept in --state-dir, or $URBDRC_STATE_DIR, $STATE_DIRECTORY (systemd), $XDG_STATE_HOME/urbdrc,
~/.local/state/urbdrc. The token can also come from the environment: URBDRC_TOKEN.`;

/** Another end that runs this program. */
export type Counterpart = 'urbdrc serve' | 'urbdrc redirect --device VID:PID';

export function addEndpointOptions(command: Command): Command {
  const dialling = (option: Option) => option.conflicts('listen');
  const listening = (option: Option) => option.conflicts('connect');
  command
    .addOption(new Option('--connect <url>', 'dial the other end'))
    .addOption(listening(new Option('--listen <url>', 'wait for the other end to dial')))
    .addOption(new Option('--token <text>', 'shared secret that the dialling end shows').conflicts('tokenFile'))
    .addOption(new Option('--token-file <file>', 'read the shared secret from the first line of a file'))
    .addOption(dialling(fingerprintOption('tls: accept only the certificate with this fingerprint')))
    .addOption(dialling(new Option('--ca <file>', 'tls: trust certificates signed by this one (PEM)')))
    .addOption(dialling(new Option('--insecure', 'tls: accept any certificate (for trying out only)')));
  for (const option of listenerOptions()) command.addOption(listening(option));
  command.addOption(
    new Option('--text-messages', 'ws: also speak base64 in text messages, for old clients and proxies'),
  );
  for (const option of holdOptions()) command.addOption(option);
  return command;
}

/** `--fingerprint`; `--cert-fingerprint` is taken for it, too, and not shown: people need one name. */
export function fingerprintOption(description: string): Option {
  const option = new Option('--cert-fingerprint, --fingerprint <sha256>', description);
  option.flags = '--fingerprint <sha256>';
  return option;
}

/** `--hold` and `--hold-hid`. */
export function holdOptions(): Option[] {
  return [
    new Option('--hold <seconds>', 'keep devices for so long when the connection is cut, 0 to 300')
      .argParser(seconds)
      .default(HOLD),
    new Option('--hold-hid <seconds>', 'the same where all devices are keyboards, mice and other HID')
      .argParser(seconds)
      .default(HID_HOLD),
  ];
}

/** Options of a listener about its certificate. */
export function certificateOptions(): Option[] {
  return [
    new Option('--cert <file>', 'tls, listening: certificate to show (PEM)'),
    new Option('--key <file>', 'tls, listening: its private key (PEM)'),
    new Option('--state-dir <folder>', 'tls, listening: where the certificate made at the first start is'),
  ];
}

/** The same, and about pages. */
export function listenerOptions(): Option[] {
  return [
    ...certificateOptions(),
    new RepeatableOption('--origin <origin>', 'ws, listening: let pages of https://HOST in; else none are'),
  ];
}

/** Drivers of disks wait for 30 s before they do something about it. */
const HOLD = 25;
/** A key that was pressed before the cut comes so much later at most. */
const HID_HOLD = 3;

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 300) {
    throw new InvalidArgumentError('not a whole number of seconds from 0 to 300.');
  }
  return value;
}

/** How a connection that is cut is held, and lines and counts about that. @param name of the other end, for people */
export function watchCuts(
  { holdHid = HID_HOLD }: Pick<EndpointOptions, 'holdHid'>,
  name: string,
  remote: string,
  terminal: Terminal,
  meter: Pick<ProgramMetrics, 'interrupted' | 'resumed'>,
): Required<Pick<ConnectionOptions, 'hidHold' | 'onInterrupted' | 'onResumed'>> {
  return {
    hidHold: 1000 * holdHid,
    onInterrupted: (hold) => {
      meter.interrupted();
      const line = `${name}: the connection is cut, its devices are held for ${Math.ceil(hold / 1000)} s`;
      terminal.say(line, { event: 'interrupted', remote, hold: Math.round(hold) });
    },
    onResumed: () => {
      meter.resumed();
      terminal.say(`${name}: the connection goes on, nothing was lost`, { event: 'resumed', remote });
    },
  };
}

/** `--reconnect` and `--no-reconnect`. Default: as a systemd service that tells when it is ready, yes; else no. */
export function addReconnectOption(command: Command): Command {
  const text = 'wait for another end that is not there yet, and dial it again when it has gone; default for services';
  return command
    .addOption(new Option('--reconnect', text).conflicts('listen').default(undefined))
    .addOption(new Option('--no-reconnect', 'end with the connection, also as a service').conflicts('listen'));
}

/** systemd gives this to a service of `Type=notify`. Its other variables reach the programs of a desktop, too. */
function isService({ environment }: ProgramContext): boolean {
  return (environment['NOTIFY_SOCKET'] ?? '') !== '';
}

/**
 * Opens the endpoint and gives each connection to `serve`, which resolves when it is done with it. Dialling: resolves
 * when that one connection is over. Listening: resolves when `signal` is aborted and all connections are over.
 * `counterpart` is what a listener tells people to run.
 * @throws Failure when the endpoint cannot be opened
 */
export async function withConnections(
  options: EndpointOptions,
  context: ProgramContext,
  terminal: Terminal,
  signal: AbortSignal,
  counterpart: Counterpart,
  serve: (transport: Transport) => Promise<void>,
): Promise<void> {
  const token = await readToken(options, context, terminal);
  if (options.connect !== undefined) {
    const { connect } = options;
    checkSecrets(connect, options);
    const isRdpServer = isRdpUrl(connect) && counterpart === 'urbdrc serve';
    const once = async () => {
      if (isRdpServer) {
        const { hold = HOLD } = options;
        await serveRdpServer(connect, { ...options, hold }, context, terminal, signal, serve);
        return;
      }
      const transport = await unlessAborted(dialEndpoint(connect, options, token, signal), signal);
      if (transport !== undefined) await serve(transport);
    };
    // Ready to dial: whether the other end is there is not in this machine's hands.
    await tellReady(context, terminal);
    await ((options.reconnect ?? isService(context)) ? repeat(once, terminal, signal) : once());
  } else if (options.listen !== undefined) {
    const connections = new Set<Promise<void>>();
    const identity = await identityOptions(options, context, terminal);
    const listener = await openListener(
      options.listen,
      options,
      token,
      identity,
      context,
      terminal,
      counterpart,
      (transport) => {
        const connection = serve(transport)
          .catch((error: unknown) => {
            terminal.warn(`${transport.remote}: ${oneLine(error)}`);
          })
          .finally(() => connections.delete(connection));
        connections.add(connection);
      },
    );
    await tellReady(context, terminal);
    await aborted(signal);
    await listener.close();
    await Promise.all(connections);
    terminal.done();
  } else {
    throw new Failure('say where the other end is: --connect URL, or --listen URL to wait for it (see --help)', 2);
  }
}

async function dialEndpoint(
  url: string,
  options: EndpointOptions,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Transport> {
  return await dial(url, {
    ...(token === undefined ? {} : { token }),
    ...(options.ca === undefined ? {} : { ca: await readText(options.ca) }),
    ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
    insecure: options.insecure ?? false,
    ...(options.textMessages === true ? { webSocket: { subProtocols: [...USUAL_SUB_PROTOCOLS, 'base64'] } } : {}),
    hold: options.hold ?? HOLD,
    signal,
  });
}

async function openListener(
  url: string,
  options: EndpointOptions,
  token: string | undefined,
  identity: ListenerIdentity,
  context: ProgramContext,
  terminal: Terminal,
  counterpart: Counterpart,
  onConnection: (transport: Transport) => void,
): Promise<Listener> {
  checkSecrets(url, options);
  if (isRdpUrl(url) && counterpart !== 'urbdrc serve') {
    return openRdpListener(url, options, identity, context, terminal, onConnection);
  }
  const { tokens = [] } = options;
  const listener = await listen(
    url,
    {
      ...(token === undefined ? {} : { token }),
      tokens,
      ...identity,
      ...webSocketOptions(options),
      hold: options.hold ?? HOLD,
    },
    onConnection,
    (error, remote) => terminal.refused(error, remote),
  );
  announce(listener, token !== undefined || tokens.length > 0, counterpart, terminal);
  return listener;
}

/** What a listener for WebSockets is to do otherwise than usual, if anything. */
function webSocketOptions({ origin, textMessages = false }: EndpointOptions): Pick<ListenOptions, 'webSocket'> {
  if (origin === undefined && !textMessages) return {};
  return {
    webSocket: {
      ...(origin === undefined ? {} : { origins: origin }),
      ...(textMessages ? { subProtocols: [...USUAL_SUB_PROTOCOLS, 'base64'] } : {}),
    },
  };
}

/** Certificate of the listener: the one that the user gives, else the one that was made at the first start. */
export async function identityOptions(
  { cert, key, stateDir }: Pick<EndpointOptions, 'cert' | 'key' | 'stateDir'>,
  { environment }: ProgramContext,
  terminal: Terminal,
): Promise<ListenerIdentity> {
  const say = (line: string) => terminal.say(line);
  return {
    ...(cert === undefined ? {} : { cert: await readText(cert) }),
    ...(key === undefined ? {} : { key: await readSecretText(key, say) }),
    identity: (host) => keptIdentity(stateFolder(stateDir, environment), host, say),
  };
}

/** @throws Failure when a secret was given that this kind of end does not ask for */
function checkSecrets(
  url: string,
  { token, tokenFile, user, passwordFile, domain, knownHosts }: EndpointOptions,
): void {
  if (isRdpUrl(url)) {
    if (token === undefined && tokenFile === undefined) return;
    throw new Failure('rdp:// has no token: use --user NAME and --password-file FILE', 2);
  }
  if (user !== undefined || passwordFile !== undefined) {
    throw new Failure('--user and --password-file are only for rdp://: use --token-file FILE', 2);
  }
  if (domain !== undefined || knownHosts !== undefined) {
    throw new Failure('--domain and --known-hosts are only for rdp://', 2);
  }
}

/** Prints where it listens, and the command for the other end. */
function announce(
  { url, certificateFingerprint }: Listener,
  hasToken: boolean,
  counterpart: Counterpart,
  terminal: Terminal,
): void {
  terminal.say(`listening on ${url}`, {
    event: 'listening',
    url,
    ...(certificateFingerprint !== undefined && { fingerprint: certificateFingerprint }),
  });
  if (certificateFingerprint !== undefined) {
    terminal.say(`certificate fingerprint (SHA-256): ${certificateFingerprint}`);
  }
  const words = [counterpart, '--connect', url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:)/, `//${hostname()}`)];
  if (hasToken) words.push('--token-file FILE');
  if (certificateFingerprint !== undefined) words.push('--fingerprint', certificateFingerprint);
  terminal.say(`the other end: ${words.join(' ')}`);
}

async function readToken(
  { token, tokenFile }: EndpointOptions,
  { environment }: ProgramContext,
  terminal: Terminal,
): Promise<string | undefined> {
  return tokenFile === undefined
    ? (token ?? environment['URBDRC_TOKEN'])
    : readSecret(tokenFile, 'token', (line) => terminal.say(line));
}
