import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConnectionLimit } from '../admission/connectionLimit.ts';
import { type ConnectionReport, Gateway } from '../gateway/gateway.ts';
import { openPages, withHealth } from '../gateway/pages.ts';
import { watchRevocations } from '../gateway/revocations.ts';
import { idleClock, systemClock } from '../systemClock.ts';
import { listenForStreams } from '../../transports/listen.ts';
import { parseTransportUrl } from '../../transports/url.ts';
import type { AnswerHttp } from '../../transports/webSocket/webSocketAcceptor.ts';
import { configOption } from './configFile.ts';
import { identityOptions, listenerOptions, type EndpointOptions } from './endpoint.ts';
import { Failure, oneLine } from './failure.ts';
import { runHubs } from './gatewayHub.ts';
import { placeTarget, readTargets, targetOptions, type TargetsOptions } from './gatewayTargets.ts';
import { openTokens, type TokenOptions, tokenOptions } from './gatewayTokens.ts';
import { metricsOption, type MetricsOptions, openProgramMetrics, type ProgramMetrics } from './metricsOption.ts';
import { addRuleOptions } from './policyOptions.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { addOutputOptions, type OutputOptions } from './programEvent.ts';
import { tellReady } from './serviceManager.ts';
import { aborted, stopSignal } from './stopSignal.ts';
import { Terminal } from './terminal.ts';

interface GatewayOptions
  extends
    Pick<EndpointOptions, 'cert' | 'key' | 'stateDir' | 'origin'>,
    TargetsOptions,
    TokenOptions,
    MetricsOptions,
    OutputOptions {
  readonly listen: string;
  readonly connections: number;
  readonly userConnections: number;
  readonly drain: number;
  readonly page?: true;
}

export function gatewayCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('gateway')
    .description('lead pages, by a WebSocket and a token, to servers and consoles that have names here')
    .addOption(new Option('--listen <url>', 'wss://HOST:PORT/PATH, or ws:// on this machine').makeOptionMandatory())
    .addOption(limit('--connections <count>', 'connections in all, 1 to 10000', 1, 10_000).default(100))
    .addOption(limit('--user-connections <count>', 'connections of one user, 1 to 10000', 1, 10_000).default(8))
    .addOption(limit('--drain <seconds>', 'time for connections to end when this ends, 0 to 3600', 0, 3600).default(30))
    .addOption(new Option('--page', 'also serve the page with which people give their devices; needs --origin'))
    .addOption(metricsOption())
    .addOption(configOption());
  for (const option of [...targetOptions(), ...tokenOptions(), ...listenerOptions()]) command.addOption(option);
  return addOutputOptions(addRuleOptions(command))
    .addHelpText(
      'after',
      `
A token is a JSON Web Token with the claims aud, sub (the user), tgt (the name of a target), jti and exp (in at most 300 s),
good for one connection: Authorization: Bearer TOKEN, or ?token=TOKEN. Or it stands in a file or in Redis. More is in
docs/gateway.md.

Examples:
  urbdrc gateway --listen wss://0.0.0.0:8443/usb --algorithm EdDSA --public-key-file tokens.pem --target usb=unix:/run/u.sock
  urbdrc gateway --listen ws://127.0.0.1:8080/ --algorithm HS256 --secret-file secret --target usb=tcp://127.0.0.1:3000`,
    )
    .action((options: GatewayOptions) => runGateway(options, context));
}

function limit(flags: string, description: string, least: number, most: number): Option {
  return new Option(flags, description).argParser((text: string) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`not a whole number from ${least} to ${most}.`);
  });
}

async function runGateway(options: GatewayOptions, context: ProgramContext): Promise<void> {
  const terminal = new Terminal(context, options);
  const counted = await openProgramMetrics(options, terminal);
  try {
    await lead(options, counted, terminal, context);
  } finally {
    await counted.close();
  }
}

/** Until it is stopped. */
async function lead(
  options: GatewayOptions,
  counted: ProgramMetrics,
  terminal: Terminal,
  context: ProgramContext,
): Promise<void> {
  const { targets, hubs } = await readTargets(options, counted, terminal);
  const { listen, userConnections, connections, origin } = options;
  const pages = options.page === undefined ? undefined : await openPage(options);
  const tokens = await openTokens(options, terminal);
  const refused = (error: Error, remote: string) => {
    counted.refusedPeer();
    terminal.refused(error, remote);
  };
  const gateway = new Gateway({
    find: ({ target, place }) => (place === undefined ? targets.get(target) : placeTarget(place)),
    redeem: (token) => tokens.redeem(token),
    readmit: (token, known) => tokens.readmit(token, known),
    returnTime: 1000 * (options.hold ?? 0),
    perUser: userConnections,
    clock: systemClock,
    onBegin: () => counted.connected(),
    onEnd: (report) => tellEnd(report, terminal),
    onRefused: refused,
  });
  const { revoked } = tokens;
  const stopWatching = revoked && watchRevocations({ gateway, revoked, clock: idleClock });
  const stop = stopSignal(context);
  try {
    const listener = await listenForStreams(
      listen,
      {
        ...(await identityOptions(options, context, terminal)),
        ...(origin === undefined ? {} : { webSocket: { origins: origin } }),
        connections: new ConnectionLimit(connections),
        answer: withHealth(pathOf(listen), () => tokens.canRedeem(), pages),
      },
      (page) => gateway.take(page),
      refused,
    );
    const { url, certificateFingerprint: fingerprint } = listener;
    terminal.say(`listening on ${url}`, {
      event: 'listening',
      url,
      ...(fingerprint !== undefined && { fingerprint }),
    });
    if (targets.size > 0) terminal.say(`targets: ${[...targets.keys()].join(', ')}`);
    if (fingerprint !== undefined) terminal.say(`certificate fingerprint (SHA-256): ${fingerprint}`);
    await runHubs(hubs, async () => {
      await tellReady(context, terminal);
      await aborted(stop.signal);
      await listener.close();
      if (gateway.size > 0) terminal.say(`${gateway.size} connections have ${options.drain} s to end`);
      await gateway.drain(1000 * options.drain);
    });
  } finally {
    stopWatching?.();
    tokens.close();
    stop.release();
    terminal.done();
  }
}

/** Pages stand where the program does. @throws Failure or UsageError */
function openPage({ listen, origin }: GatewayOptions): Promise<AnswerHttp> {
  if (origin === undefined) {
    throw new Failure("--page: give the page's own address, as people see it, as --origin https://HOST:PORT", 2);
  }
  const folder = dirname(createRequire(import.meta.url).resolve('urbdrc/package.json'));
  return openPages(join(folder, 'dist/page'), pathOf(listen));
}

/** Of the WebSocket. */
function pathOf(listen: string): string {
  const url = parseTransportUrl(listen, 'listen');
  return 'path' in url ? url.path : '/';
}

function tellEnd(
  { user, target, remote, fromPage, toPage, duration, error }: ConnectionReport,
  terminal: Terminal,
): void {
  const cause = error?.cause === undefined ? '' : ` (${oneLine(error.cause)})`;
  const problem = error === undefined ? null : `${oneLine(error)}${cause}`;
  const seconds = Math.round(duration / 1000);
  const how = problem === null ? 'ended' : `failed: ${problem}`;
  const line = `${remote}: ${user} at ${target} ${how}; ${seconds} s, ${fromPage} bytes from the page, ${toPage} to it`;
  terminal.say(line, { event: 'gatewayConnection', remote, user, target, error: problem, fromPage, toPage, seconds });
}
