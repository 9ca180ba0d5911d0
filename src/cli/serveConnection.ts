import { WelcomingTransport } from '../../transports/sharing.ts';
import type { Capture } from '../capture/openCapture.ts';
import { RedirectionServer } from '../engine/server.ts';
import type { Hub } from '../hub/hub.ts';
import { type RejoiningClients, RejoiningSource } from '../hub/rejoin/rejoiningSource.ts';
import type { Transport } from '../ports/transport.ts';
import { type EndpointOptions, watchCuts } from './endpoint.ts';
import { oneLine } from './failure.ts';
import type { ProgramMetrics } from './metricsOption.ts';
import { describeDistance, type PeerOptions, tellDisconnected, watchPeer } from './peerOption.ts';
import { letIn, type ShareOptions, tellNotice } from './shareOption.ts';
import type { Terminal } from './terminal.ts';

/** What `serve` has for all its connections. */
export interface Serving {
  readonly hub: Hub;
  readonly capture: Capture;
  readonly metrics: ProgramMetrics;
  readonly options: PeerOptions & ShareOptions & EndpointOptions;
  readonly terminal: Terminal;
  /** Undefined where no device waits for its client. */
  readonly rejoin: RejoiningClients | undefined;
  /** The program closes it when it stops. */
  readonly closeOnStop: (server: RedirectionServer) => void;
}

/** Takes the devices of one client, until its connection is over. */
export async function serveConnection(transport: Transport, serving: Serving): Promise<void> {
  const { hub, capture, metrics, options, terminal, rejoin, closeOnStop } = serving;
  const { remote } = transport;
  terminal.say(`client ${remote} connected`, { event: 'connected', remote });
  const { ended, ...recording } = capture.connection(remote);
  const welcoming = new WelcomingTransport(transport, (text) => tellNotice(remote, text, terminal));
  const server = new RedirectionServer(welcoming, {
    ...recording,
    ...watchPeer(options, remote, terminal),
    ...watchCuts(options, `client ${remote}`, remote, terminal, metrics),
    onDeviceFailed: (error) => terminal.warn(`client ${remote}: ${oneLine(error)}`),
    onIgnored: (error) => terminal.detail(`client ${remote}: ignored: ${error.message}`),
  });
  server.watch(() => {
    const distance = describeDistance(server.overlap);
    if (distance !== undefined) terminal.detail(`client ${remote} is ${distance}`);
  });
  closeOnStop(server);
  const source = rejoin === undefined ? server : await rejoin.sourceOf(server);
  // Else it goes on with the session that the hub has.
  if (source !== undefined) {
    const isOpen = () => (source instanceof RejoiningSource ? source.isOpen : welcoming.isOpen);
    const session = await letIn(hub, source, isOpen, welcoming, terminal, options);
    if (session !== undefined) await hub.addSource(source, session);
  }
  const error = await server.closed;
  await server.close();
  ended(error);
  tellDisconnected(server, remote, error, terminal);
}
