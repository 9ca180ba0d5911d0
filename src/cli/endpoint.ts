import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { Transport } from '../session/ports.ts';
import { dial } from '../../transports/dial.ts';
import { listen } from '../../transports/listen.ts';
import { Failure, oneLine } from './failure.ts';
import { aborted } from './stopSignal.ts';
import type { Terminal } from './terminal.ts';

/** How a command reaches the other end. */
export interface EndpointOptions {
  readonly connect?: string;
  readonly listen?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly insecure?: boolean;
  readonly cert?: string;
  readonly key?: string;
}

/** Text for --help about {@link addEndpointOptions}. */
export const ENDPOINT_HELP = `
URL is tcp://HOST:PORT, tls://HOST:PORT or unix:/PATH. A port of 0 lets the system choose one when listening.
Listening on anything but this machine needs tls:// and a token. Without --cert and --key a tls:// listener makes a
certificate for itself and prints its fingerprint; give that to the other end with --fingerprint.
The token can also come from the environment: URBDRC_TOKEN.`;

export function addEndpointOptions(command: Command): Command {
  return command
    .addOption(new Option('--connect <url>', 'dial the other end'))
    .addOption(new Option('--listen <url>', 'wait for the other end to dial').conflicts('connect'))
    .addOption(new Option('--token <text>', 'shared secret that the dialling end shows').env('URBDRC_TOKEN'))
    .addOption(new Option('--token-file <file>', 'read the shared secret from the first line of a file'))
    .addOption(new Option('--fingerprint <sha256>', "tls: accept exactly the peer's certificate with this fingerprint"))
    .addOption(new Option('--ca <file>', 'tls: trust certificates signed by this one (PEM)'))
    .addOption(new Option('--insecure', 'tls: accept any certificate (for trying out only)'))
    .addOption(new Option('--cert <file>', 'tls, listening: certificate to show (PEM)'))
    .addOption(new Option('--key <file>', 'tls, listening: its private key (PEM)'));
}

/**
 * Opens the endpoint and gives each connection to `serve`, which resolves when it is done with it. Dialling: resolves
 * when that one connection is over. Listening: resolves when `signal` is aborted and all connections are over.
 * @throws Failure when the endpoint cannot be opened
 */
export async function withConnections(
  options: EndpointOptions,
  terminal: Terminal,
  signal: AbortSignal,
  serve: (transport: Transport) => Promise<void>,
): Promise<void> {
  const token = await readToken(options);
  if (options.connect !== undefined) {
    await serve(await dialEndpoint(options.connect, options, token, signal));
  } else if (options.listen !== undefined) {
    await serveListener(options.listen, options, token, terminal, signal, serve);
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
  return dial(url, {
    ...(token === undefined ? {} : { token }),
    ...(options.ca === undefined ? {} : { ca: await readText(options.ca) }),
    ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
    insecure: options.insecure ?? false,
    signal,
  });
}

async function serveListener(
  url: string,
  options: EndpointOptions,
  token: string | undefined,
  terminal: Terminal,
  signal: AbortSignal,
  serve: (transport: Transport) => Promise<void>,
): Promise<void> {
  const connections = new Set<Promise<void>>();
  const listener = await listen(
    url,
    {
      ...(token === undefined ? {} : { token }),
      ...(options.cert === undefined ? {} : { cert: await readText(options.cert) }),
      ...(options.key === undefined ? {} : { key: await readText(options.key) }),
    },
    (transport) => {
      const connection = serve(transport)
        .catch((error: unknown) => {
          terminal.say(`${transport.remote}: ${oneLine(error)}`);
        })
        .finally(() => connections.delete(connection));
      connections.add(connection);
    },
    (error, remote) => {
      terminal.say(`refused ${remote}: ${oneLine(error)}`);
    },
  );
  terminal.say(`listening on ${listener.url}`);
  if (listener.certificateFingerprint !== undefined) {
    terminal.say(`certificate fingerprint (SHA-256): ${listener.certificateFingerprint}`);
  }
  await aborted(signal);
  await listener.close();
  await Promise.all(connections);
}

async function readToken(options: EndpointOptions): Promise<string | undefined> {
  if (options.tokenFile === undefined) return options.token;
  const [first = ''] = (await readText(options.tokenFile)).split(/\r?\n/);
  if (first === '') throw new Failure(`${options.tokenFile}: the first line is empty, it should be the token`, 2);
  return first;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${oneLine(error)}`, 2);
  }
}
