import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asError } from '../../codecs/core/errors.ts';
import type { ConnectionLimit } from '../admission/connectionLimit.ts';
import { HostError } from '../hosts/hostError.ts';
import { UsbredirGuest } from '../hosts/usbredir/usbredirGuest.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubEvent } from '../hub/hubDevice.ts';
import type { UsbDevice, UsbDeviceIdentity } from '../ports/usb.ts';
import { systemClock } from '../systemClock.ts';
import { processConnections } from '../../transports/processConnections.ts';
import { plainError, TransportError, withoutQuery } from '../../transports/transportError.ts';
import { listenAtPath } from '../../transports/unixSocket.ts';
import { formatTransportUrl, isWebSocket, type TransportUrl, type WebSocketUrl } from '../../transports/url.ts';
import { openByteStream } from '../../transports/webSocket/dialWebSocket.ts';
import { detachedLine } from './attachOption.ts';
import { repeat } from './dialAgain.ts';
import { oneLine } from './failure.ts';
import type { GuestUrl } from './guestUrl.ts';
import { packageVersion } from './packageVersion.ts';
import { eventDevice } from './programEvent.ts';
import { aborted } from './stopSignal.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds in which who dials us has to say hello, and a WebSocket has to be one. */
const HELLO_TIME = 10_000;

/**
 * The ports of virtual machines that devices are put into, a device a port. Each port is a sink of the hub for as long as
 * its machine is there; one that is not is dialled again and again.
 */
export class GuestPorts {
  readonly #urls: readonly GuestUrl[];
  readonly #terminal: Terminal;
  readonly #describe: (identity: UsbDeviceIdentity) => string;
  readonly #guests = new Set<UsbredirGuest>();
  readonly #connections: ConnectionLimit = processConnections();

  constructor(urls: readonly GuestUrl[], terminal: Terminal, describe: (identity: UsbDeviceIdentity) => string) {
    this.#urls = urls;
    this.#terminal = terminal;
    this.#describe = describe;
  }

  /**
   * Gives the ports to the hub until `signal` is aborted and all connections are over.
   * @throws Failure when it cannot listen
   */
  async run(hub: Hub, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#urls.map((url) => (url.isListening ? this.#listen(url, hub, signal) : this.#dialAgain(url, hub, signal))),
    );
  }

  /** The same while `work` goes on; what ends first, with an error or without, ends both. */
  async runWhile(work: () => Promise<void>, hub: Hub, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const ports = this.run(hub, AbortSignal.any([signal, over.signal])).finally(() => over.abort());
    try {
      await Promise.race([work(), ports]);
    } finally {
      over.abort();
      await ports;
    }
  }

  /** The line about what became of a device, for the events of the hub that concern its sink. */
  tell(event: HubEvent): void {
    const terminal = this.#terminal;
    switch (event.type) {
      case 'attached': {
        const { device, location = '' } = event.attachment;
        const name = this.#describe(device.identity);
        terminal.say(`attached ${name} to ${location}`, {
          event: 'attached',
          location,
          ...eventDevice(device.identity),
        });
        return;
      }
      case 'rejected': {
        // The next port may have room.
        if (isFull(event.error) && [...this.#guests].some(({ isBusy }) => !isBusy)) return;
        const { identity } = event.entry.device;
        const error = oneLine(event.error);
        const facts = { event: 'notAttached' as const, error, ...eventDevice(identity) };
        terminal.warn(`${this.#describe(identity)} is not attached: ${error}`, facts);
        return;
      }
      case 'ended': {
        const { identity } = event.entry.device;
        const { reason } = event.end;
        const facts = { event: 'detached' as const, reason, ...eventDevice(identity) };
        terminal.say(detachedLine(this.#describe(identity), event.end), facts);
        return;
      }
      default:
        return;
    }
  }

  async #dialAgain(url: GuestUrl, hub: Hub, signal: AbortSignal): Promise<void> {
    const once = async () => {
      const socket = await this.#dial(url.target, signal);
      if (socket !== undefined) await this.#serve(socket, url.text, hub, signal);
    };
    await repeat(once, this.#terminal, signal);
  }

  /** Undefined when the user gave up. @throws TransportError */
  #dial(target: TransportUrl, signal: AbortSignal): Promise<Duplex | undefined> {
    const socket = connect(target.scheme === 'unix' ? { path: target.path } : { host: target.host, port: target.port });
    const give = () => socket.destroy();
    signal.addEventListener('abort', give, { once: true });
    return new Promise<Duplex | undefined>((resolve, reject) => {
      socket.once('connect', () => resolve(isWebSocket(target) ? upgrade(socket, target) : socket));
      socket.once('error', (error) => reject(plainError(error, formatTransportUrl(target))));
      socket.once('close', () => resolve(undefined));
    }).finally(() => signal.removeEventListener('abort', give));
  }

  async #listen({ text, target }: GuestUrl, hub: Hub, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    const server = createServer((socket) => {
      if (!this.#connections.take()) {
        socket.destroy();
        return;
      }
      socket.once('close', () => this.#connections.release());
      const over = this.#serve(socket, text, hub, signal, HELLO_TIME)
        .catch((error: unknown) => this.#terminal.refused(asError(error), text))
        .finally(() => running.delete(over));
      running.add(over);
    });
    await bind(server, target).catch((error: unknown) => {
      throw plainError(error, text);
    });
    this.#terminal.say(`listening on ${boundUrl(server, target, text)}`, {
      event: 'listening',
      url: boundUrl(server, target, text),
    });
    await aborted(signal);
    server.close();
    await Promise.all(running);
  }

  /** Resolves when the connection is over. @throws Error that ended it */
  async #serve(socket: Duplex, name: string, hub: Hub, signal: AbortSignal, helloTime?: number): Promise<void> {
    const terminal = this.#terminal;
    const guest = new UsbredirGuest(socket, {
      name,
      version: `urbdrc ${packageVersion()}`,
      clock: systemClock,
      onReady: (program) => terminal.say(`${name}: ${program}`, { event: 'connected', remote: name }),
      onFilter: (filter) => terminal.say(`${name}: its filter is ${filter}`),
      onIgnored: (error) => terminal.detail(`${name}: ignored: ${error.message}`),
      onDropped: (device: UsbDevice, endpoint, packets) => {
        const what = `${packets} packets of endpoint 0x${endpoint.toString(16)} dropped`;
        terminal.detail(`${this.#describe(device.identity)}: ${what}`);
      },
    });
    const end = () => void guest.close();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const stopTimer =
      helloTime === undefined
        ? systemClock.after(HELLO_TIME, () => terminal.say(silentLine(name)))
        : systemClock.after(helloTime, () => socket.destroy());
    try {
      const isReady = await guest.ready;
      stopTimer();
      if (isReady) {
        this.#guests.add(guest);
        await hub.addSink(guest);
      }
      const error = await guest.closed;
      if (error !== undefined && !signal.aborted) throw error instanceof HostError ? error : plainError(error, name);
      if (isReady) terminal.say(`${name}: the connection is over`);
    } finally {
      stopTimer();
      signal.removeEventListener('abort', end);
      this.#guests.delete(guest);
    }
  }
}

/** @throws TransportError when the other end refuses, or says nothing */
async function upgrade(socket: Socket, target: WebSocketUrl): Promise<Duplex> {
  const url = withoutQuery(formatTransportUrl(target));
  socket.setNoDelay(true);
  const stop = systemClock.after(HELLO_TIME, () =>
    socket.destroy(new TransportError('TIMED_OUT', `${url}: no answer to a WebSocket within ${HELLO_TIME} ms`)),
  );
  return openByteStream(socket, target, url).finally(stop);
}

function silentLine(name: string): string {
  return `${name} takes connections and says nothing: another program may have the port, or the machine is paused`;
}

function isFull(error: Error): boolean {
  return error instanceof HostError && error.code === 'NO_FREE_PORT';
}

function bind(server: Server, target: TransportUrl): Promise<void> {
  if (target.scheme === 'unix') return listenAtPath(server, target.path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(target.port, target.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** With the port that the system has chosen. */
function boundUrl(server: Server, target: TransportUrl, text: string): string {
  const address = server.address();
  if (target.scheme === 'unix' || typeof address !== 'object' || address === null) return text;
  return formatTransportUrl({ ...target, port: address.port }).replace(/^tcp:/, 'usbredir+listen:');
}
