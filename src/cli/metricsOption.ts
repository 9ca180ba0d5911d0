import { createServer } from 'node:http';
import { Option } from 'commander';
import type { HubEvent } from '../hub/hubDevice.ts';
import { type Metrics, openMetrics } from '../metrics/metrics.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { systemClock } from '../systemClock.ts';
import { listenAtPort } from '../../transports/listen.ts';
import { plainError } from '../../transports/transportError.ts';
import { isLoopback, parseTransportUrl } from '../../transports/url.ts';
import { Failure } from './failure.ts';
import { packageVersion } from './packageVersion.ts';
import type { Terminal } from './terminal.ts';

/** One Prometheus asks, perhaps a second one, and a person. */
const MAXIMUM_CONNECTIONS = 16;
/** Bytes. */
const MAXIMUM_HEADER_SIZE = 4096;
/** Milliseconds for a request to come whole. */
const REQUEST_TIMEOUT = 5000;

export interface MetricsOptions {
  readonly metrics?: string;
}

/** What a program counts; all of it does nothing without --metrics. */
export interface ProgramMetrics {
  /** A connection is there; call what it returns when it is over. */
  connected(): () => void;
  /** A connection is cut and held, and one that was goes on. */
  interrupted(): void;
  resumed(): void;
  refusedPeer(): void;
  device(device: UsbDevice): UsbDevice;
  event(event: HubEvent): void;
  close(): Promise<void>;
}

/** Without --metrics. */
export const NO_METRICS: ProgramMetrics = {
  connected: () => () => {},
  interrupted: () => {},
  resumed: () => {},
  refusedPeer: () => {},
  device: (device) => device,
  event: () => {},
  close: () => Promise.resolve(),
};

export function metricsOption(): Option {
  return new Option('--metrics <host:port>', 'serve metrics for Prometheus there, to programs of this machine');
}

/**
 * Begins to count, and to serve the counts, where the user wants it.
 * @throws Failure for an address that other machines reach, TransportError where it cannot listen
 */
export async function openProgramMetrics({ metrics: at }: MetricsOptions, terminal: Terminal): Promise<ProgramMetrics> {
  if (at === undefined) return NO_METRICS;
  const target = parseTransportUrl(`tcp://${at}`, 'listen');
  if (target.scheme === 'unix' || !isLoopback(target.host)) {
    throw new Failure(`--metrics ${at}: other machines could read it: use 127.0.0.1:PORT, and a proxy for others`, 2);
  }
  const metrics = await openMetrics({ clock: systemClock, version: packageVersion() });
  const server = metricsServer(metrics);
  const port = await listenAtPort(server, target).catch((error: unknown) => {
    throw plainError(error, `--metrics ${at}`);
  });
  const url = `http://${target.host.includes(':') ? `[${target.host}]` : target.host}:${port}/metrics`;
  terminal.say(`metrics for Prometheus: ${url}`, { event: 'metrics', url });
  return {
    connected: () => metrics.connected(),
    interrupted: () => metrics.interrupted(),
    resumed: () => metrics.resumed(),
    refusedPeer: () => metrics.refusedPeer(),
    device: (device) => metrics.device(device),
    event: (event) => metrics.event(event),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function metricsServer(metrics: Metrics) {
  const limits = { maxHeaderSize: MAXIMUM_HEADER_SIZE, requestTimeout: REQUEST_TIMEOUT };
  const server = createServer(limits, ({ method, url }, response) => {
    const answer = (status: number, text: string, contentType = 'text/plain') =>
      response.writeHead(status, { 'content-type': contentType }).end(text);
    if (method !== 'GET' && method !== 'HEAD') answer(405, 'only GET works here\n');
    else if (url?.split('?')[0] !== '/metrics') answer(404, 'metrics are at /metrics\n');
    else {
      void metrics.page().then(
        ({ contentType, text }) => answer(200, text, contentType),
        () => answer(500, 'the metrics could not be read\n'),
      );
    }
  });
  server.maxConnections = MAXIMUM_CONNECTIONS;
  return server;
}
