import { createServer, type Server, type Socket } from 'node:net';
import { asError } from '../../codecs/core/errors.ts';
import type { Hub } from '../hub/hub.ts';
import { forTime } from '../hub/claimantName.ts';
import type { ClaimAnswer, HubDevice } from '../hub/hubDevice.ts';
import type { HubSession } from '../hub/sessionTable.ts';
import type { Clock } from '../ports/clock.ts';
import { listenAtPath } from '../../transports/unixSocket.ts';
import {
  type ControlAnswer,
  type ControlList,
  type ControlRequest,
  Lines,
  type ListedDevice,
  type ListedSession,
  type ListedTraffic,
  LONGEST_REQUEST,
  NotARequest,
  readRequest,
} from './controlMessages.ts';

/** Of people who look and programs that watch. */
const MAXIMUM_CONNECTIONS = 16;
/** Milliseconds in which changes are told together. */
const CHANGES_TOGETHER = 100;
/** Milliseconds between two counts of bytes. */
const TRAFFIC_INTERVAL = 1000;

/** What a {@link ControlServer} controls. */
export type ControlledHub = Pick<
  Hub,
  'sessions' | 'devices' | 'devicesOf' | 'endSession' | 'drop' | 'give' | 'claim' | 'release' | 'lock' | 'unlock'
>;

/** Options of {@link ControlServer.listen}. */
export interface ControlServerOptions {
  /** What is shown and changed. */
  readonly hub: ControlledHub;
  /** The hub's own. */
  readonly clock: Clock;
  /** Carries `focus` out; undefined: nothing is used by turns. */
  readonly focus?: (to: 'local' | 'remote') => Promise<void>;
  /** Bytes of the devices; undefined: they are not counted. */
  readonly traffic?: () => readonly ListedTraffic[];
  /** For the list. */
  readonly program: ControlList['program'];
}

/**
 * Lets the user of this program see and end what it does, over a unix socket that nobody else can open. What comes over
 * it is bounded: connections, the length of a line, and one request at a time for each connection.
 */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<ControlConnection>();
  #stopTimer: (() => void) | undefined;
  #stopTraffic: (() => void) | undefined;

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      const connection = new ControlConnection(
        socket,
        (request) => this.#carryOutAndTell(request),
        () => this.#tellTraffic(),
      );
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    this.#server.maxConnections = MAXIMUM_CONNECTIONS;
  }

  /** @throws UsageError where somebody listens already or something else is there; the system's error otherwise */
  static async listen(path: string, options: ControlServerOptions): Promise<ControlServer> {
    const control = new ControlServer(options);
    await listenAtPath(control.#server, path);
    control.#server.on('error', () => {});
    return control;
  }

  /** Something may have changed: those who watch are told soon. */
  changed(): void {
    if (this.#stopTimer !== undefined || ![...this.#connections].some(({ watches }) => watches)) return;
    this.#stopTimer = this.#options.clock.after(CHANGES_TOGETHER, () => {
      this.#stopTimer = undefined;
      const watching = [...this.#connections].filter(({ watches }) => watches);
      if (watching.length === 0) return;
      const answer = { ok: true, list: this.#list() } as const;
      for (const connection of watching) connection.tell(answer);
    });
  }

  /** After a second, and every second while somebody wants it. */
  #tellTraffic(): void {
    const { traffic = () => [], clock } = this.#options;
    if (this.#stopTraffic !== undefined) return;
    this.#stopTraffic = clock.after(TRAFFIC_INTERVAL, () => {
      this.#stopTraffic = undefined;
      const wanting = [...this.#connections].filter(({ wantsTraffic }) => wantsTraffic);
      if (wanting.length === 0) return;
      const answer = { ok: true, traffic: traffic() } as const;
      for (const connection of wanting) connection.tellTraffic(answer);
      this.#tellTraffic();
    });
  }

  /** Bytes that wait for those who do not read. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** Ends it and every connection, and removes the socket. */
  close(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTraffic?.();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections) connection.close();
    });
  }

  /** Not all that is done is an event of the hub: a lock is none. */
  async #carryOutAndTell(request: ControlRequest): Promise<ControlAnswer> {
    const answer = await this.#carryOut(request);
    if (request.do !== 'list' && request.do !== 'watch') this.changed();
    return answer;
  }

  async #carryOut(request: ControlRequest): Promise<ControlAnswer> {
    const { hub } = this.#options;
    switch (request.do) {
      case 'list':
      case 'watch':
        return { ok: true, list: this.#list() };
      case 'end':
        await hub.endSession(request.session, 'ended by the administrator');
        return { ok: true };
      case 'drop':
        await hub.drop(request.device, 'dropped by the administrator');
        return { ok: true };
      case 'release':
        await hub.release(request.device);
        return { ok: true };
      case 'focus': {
        const { focus } = this.#options;
        if (focus === undefined)
          return { ok: false, error: 'this program has nothing that is used by turns', code: null };
        await focus(request.to);
        return { ok: true };
      }
      case 'give':
        return this.#answer(await hub.give(request.device, request.session));
      case 'take': {
        const { device, session, wait = 0 } = request;
        return this.#answer(await hub.claim(device, session, { want: 'take', wait: wait * 1000 }));
      }
      case 'lock': {
        const isLocked = hub.lock(request.device, 'by the administrator');
        const error = 'nobody has it, or it is about to go to somebody: there is nothing to lock';
        return isLocked ? { ok: true } : { ok: false, error, code: null };
      }
      case 'unlock':
        hub.unlock(request.device);
        return { ok: true };
    }
  }

  /** Who is refused is told who has the device, and since when. */
  #answer(answer: ClaimAnswer): ControlAnswer {
    switch (answer.type) {
      case 'granted':
        return { ok: true };
      case 'queued':
        return { ok: true, place: answer.place };
      case 'refused': {
        const { holder, since, reason } = answer;
        const has =
          holder === undefined || since === undefined
            ? ''
            : `; ${holder} has had it for ${forTime(this.#options.clock.now() - since)}`;
        return { ok: false, error: `${reason}${has}`, code: null };
      }
    }
  }

  #list(): ControlList {
    const { hub, clock, program } = this.#options;
    const seconds = (since: number) => Math.max(0, Math.round((clock.now() - since) / 1000));
    return {
      program,
      pid: process.pid,
      sessions: hub.sessions.map((session) => listedSession(session, hub.devicesOf(session.id), seconds)),
      devices: hub.devices.map((device) => listedDevice(device, seconds)),
    };
  }
}

function listedSession(
  { id, name, who, access, state, since }: HubSession,
  devices: readonly HubDevice[],
  seconds: (since: number) => number,
): ListedSession {
  return { id, name, who, access, state, age: seconds(since), devices: devices.map((device) => device.id) };
}

function listedDevice(
  { id, device: { identity }, source, decision, state, sharing }: HubDevice,
  seconds: (since: number) => number,
): ListedDevice {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  const held = sharing.state.name === 'free' ? undefined : sharing.state;
  return {
    id,
    device: `${hex(identity.vendorId)}:${hex(identity.productId)}`,
    port: identity.portPath,
    manufacturer: identity.manufacturerName ?? null,
    product: identity.productName ?? null,
    serial: identity.serialNumber ?? null,
    source: source.name,
    state: state.name,
    decision:
      decision === undefined ? null : { action: decision.action, rule: decision.rule ?? null, reason: decision.reason },
    sharing: sharing.state.name,
    holder: held?.holder.name ?? null,
    age: held === undefined ? null : seconds(held.since),
    location: (state.name === 'attached' ? state.attachment.location : undefined) ?? null,
    waiting: sharing.queue.map(({ name }) => name),
  };
}

/** One who asks. A request is read after the one before it has been answered. */
class ControlConnection {
  readonly #socket: Socket;
  readonly #carryOut: (request: ControlRequest) => Promise<ControlAnswer>;
  readonly #lines = new Lines(LONGEST_REQUEST);
  readonly #trafficWanted: () => void;
  #watches = false;
  #wantsTraffic = false;
  /** The last answer for a reader that is slow: those before it are out of date. */
  #held: ControlAnswer | undefined;

  constructor(
    socket: Socket,
    carryOut: (request: ControlRequest) => Promise<ControlAnswer>,
    trafficWanted: () => void,
  ) {
    this.#socket = socket;
    this.#trafficWanted = trafficWanted;
    this.#carryOut = carryOut;
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      const held = this.#held;
      this.#held = undefined;
      if (held !== undefined) this.tell(held);
    });
    socket.on('data', (chunk) => void this.#received(chunk));
  }

  get watches(): boolean {
    return this.#watches;
  }

  get wantsTraffic(): boolean {
    return this.#wantsTraffic && !this.#socket.destroyed;
  }

  get heldBytes(): number {
    return this.#socket.writableLength;
  }

  /** A change: only the last one waits for a reader that is slow. */
  tell(answer: ControlAnswer): void {
    if (this.#socket.writableNeedDrain) this.#held = answer;
    else this.#write(answer);
  }

  /** Counts since the beginning: a reader that is slow misses some, and nothing by it. */
  tellTraffic(answer: ControlAnswer): void {
    if (!this.#socket.writableNeedDrain) this.#write(answer);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #received(chunk: Uint8Array): Promise<void> {
    this.#socket.pause();
    const lines = this.#lines.push(chunk);
    if (lines === undefined) {
      this.#refuse(`a request has at most ${LONGEST_REQUEST} bytes`);
      return;
    }
    for (const line of lines) {
      const request = readRequest(line);
      if (request instanceof NotARequest) {
        this.#refuse(request.problem);
        return;
      }
      const answer = await this.#carryOut(request).catch(failure);
      if (this.#socket.destroyed) return;
      this.#write(answer);
      if (request.do === 'watch') {
        this.#watches = true;
        this.#wantsTraffic = request.traffic === true;
        if (this.#wantsTraffic) this.#trafficWanted();
      }
      if (this.#socket.writableNeedDrain) await drained(this.#socket);
    }
    this.#socket.resume();
  }

  /** Who sends anything else is told once, and is no user of this. */
  #refuse(problem: string): void {
    this.#watches = false;
    this.#wantsTraffic = false;
    this.#socket.end(lineOf({ ok: false, error: problem, code: null }), () => this.#socket.destroy());
  }

  #write(answer: ControlAnswer): void {
    this.#socket.write(lineOf(answer));
  }
}

function failure(thrown: unknown): ControlAnswer {
  const error = asError(thrown);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { ok: false, error: error.message.split('\n', 1)[0] ?? '', code };
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve).once('close', () => resolve());
  });
}

function lineOf(answer: ControlAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}
