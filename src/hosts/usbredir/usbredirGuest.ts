import type { Duplex } from 'node:stream';
import { UsbredirCapability } from '../../../codecs/usbredir/header.ts';
import { NOT_USED_HERE, policyDevice } from '../../policy/policyDevice.ts';
import { parseUsbredirFilter, usbredirPolicy } from '../../policy/usbredirFilter.ts';
import { nextState, type Transitions } from '../../channels/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../../ports/usb.ts';
import { LinkSocket } from '../../usbredir/linkSocket.ts';
import type { LinkEvent, LinkPacket, UsbredirLink } from '../../usbredir/usbredirLink.ts';
import { HostError } from '../hostError.ts';
import { HostedDevice } from './hostedDevice.ts';

/** Options of {@link UsbredirGuest}. */
export interface UsbredirGuestOptions {
  /** For people: where the guest is, such as `usbredir://127.0.0.1:4000`. */
  readonly name: string;
  /** Name and version of this program, for the guest's log. */
  readonly version: string;
  /** Time for the timeouts. */
  readonly clock: Clock;
  /** The guest has said hello, and devices may be attached. `program` is its name and version. */
  readonly onReady?: (program: string) => void;
  /** The rules of the guest's filter, as it sent them. */
  readonly onFilter?: (filter: string) => void;
  /** A packet of the guest that is none was skipped. */
  readonly onIgnored?: (error: Error) => void;
  /** So many isochronous packets of an endpoint were thrown away: one end is faster than the other. */
  readonly onDropped?: (device: UsbDevice, endpointAddress: number, packets: number) => void;
}

/** Bytes that the guest has not taken; beyond, no more of its requests are read. */
const BACKLOG = 4 * 1024 * 1024;
/** Milliseconds in which a guest that runs asks for the first time, or refuses. One that is paused does neither. */
const FIRST_REQUEST_TIME = 3000;
/** Milliseconds in which a guest that runs has seen that the last device is gone. */
const ACKNOWLEDGE_TIME = 5000;

type State = 'free' | 'announced' | 'attached' | 'leaving';
type Input = 'connect' | 'request' | 'silence' | 'reject' | 'disconnect' | 'acknowledge';

/** Whether the guest has a device. After `leaving` it may have another. */
export const GUEST_TRANSITIONS = {
  free: { connect: 'announced' },
  announced: { request: 'attached', silence: 'attached', reject: 'leaving', disconnect: 'leaving' },
  attached: { request: 'attached', reject: 'leaving', disconnect: 'leaving' },
  leaving: { acknowledge: 'free' },
} as const satisfies Transitions<State, Input>;

/** A device on its way into the guest, or in it. */
interface Guested {
  readonly device: UsbDevice;
  readonly hosted: HostedDevice;
  /** It is settled whether the guest takes the device. */
  readonly verdict: (error: HostError | undefined) => void;
  /** Ends the attachment. */
  readonly end: (end: AttachmentEnd) => void;
}

/**
 * A port of a virtual machine, reached by usbredir: a sink for one device at a time. It ends when the connection does; the
 * device is unplugged for the guest then.
 */
export class UsbredirGuest implements UsbDeviceSink {
  readonly name: string;
  readonly closed: Promise<Error | undefined>;
  /** Resolves when the guest has said hello; to false when the connection ended before. */
  readonly ready: Promise<boolean>;
  readonly #options: UsbredirGuestOptions;
  readonly #connection: LinkSocket;
  readonly #link: UsbredirLink;
  #state: State = 'free';
  /** A device is being opened. */
  #isReserved = false;
  #isOpen = false;
  #guested: Guested | undefined;
  #filter: string | undefined;
  /** Wait for the state to become `free`, or the connection to end. */
  readonly #waiting = new Set<() => void>();

  /** @param socket - connected, a stream of bytes; from now on it belongs to this object */
  constructor(socket: Duplex, options: UsbredirGuestOptions) {
    this.#options = options;
    this.name = options.name;
    let ready: (isReady: boolean) => void = () => {};
    let closed: (error: Error | undefined) => void = () => {};
    this.ready = new Promise((resolve) => (ready = resolve));
    this.closed = new Promise((resolve) => (closed = resolve));
    this.#connection = new LinkSocket(socket, {
      role: 'host',
      version: options.version,
      capabilities: UsbredirCapability.bulk_receiving,
      backlog: BACKLOG,
      happened: (event) => this.#happened(event, ready),
      drained: () => this.#guested?.hosted.drained(),
      closed: (error) => {
        ready(false);
        this.#leave({ reason: 'closed', error });
        this.#wake();
        closed(error);
      },
    });
    this.#link = this.#connection.link;
  }

  /** Whether it has a device, or is about to. */
  get isBusy(): boolean {
    return this.#isReserved || this.#state !== 'free';
  }

  /**
   * Gives the guest a device; resolves when the guest begins to use it, or is silent because it is paused.
   * @throws HostError `NO_FREE_PORT`, `GUEST_REFUSED` with the rule of the guest's filter, `TIMED_OUT`, `HOST_CLOSED`
   */
  async attach(device: UsbDevice): Promise<Attachment> {
    // What the filter refuses does not fit later either, so that is the reason also while the port has another device.
    this.#checkFilter(device);
    if (this.#isReserved || this.#guested !== undefined) {
      throw new HostError('NO_FREE_PORT', `${this.name} has a device already: a port of a guest takes one at a time`);
    }
    this.#isReserved = true;
    try {
      await this.#freed();
      this.#checkFilter(device);
      await device.open();
      return await this.#connect(device);
    } finally {
      this.#isReserved = false;
    }
  }

  /** Takes the device back and ends the connection. */
  async close(): Promise<void> {
    const guested = this.#guested;
    this.#leave({ reason: 'released' });
    // What was written goes out first, if the guest takes it.
    this.#connection.end();
    const stop = this.#options.clock.after(ACKNOWLEDGE_TIME, () => this.#connection.destroy());
    await this.closed;
    stop();
    await guested?.device.close();
  }

  /** @throws HostError where the last device does not go, or the connection is over */
  async #freed(): Promise<void> {
    await this.ready;
    if (this.#state === 'leaving' && !this.#connection.isOver) {
      let stop: () => void = () => {};
      let wake: () => void = () => {};
      await new Promise<void>((resolve) => {
        this.#waiting.add((wake = resolve));
        stop = this.#options.clock.after(ACKNOWLEDGE_TIME, resolve);
      });
      this.#waiting.delete(wake);
      stop();
    }
    if (this.#connection.isOver) throw this.#overError();
    if (this.#state === 'leaving') {
      const problem = 'the guest has not seen yet that its last device is gone: is the machine paused?';
      throw new HostError('TIMED_OUT', `${this.name}: ${problem}`);
    }
  }

  #overError(): HostError {
    const why = this.#connection.error?.message ?? 'the guest has closed the connection';
    return new HostError('HOST_CLOSED', `${this.name}: ${why}`);
  }

  /** The guest would refuse it; the device need not even be opened. @throws HostError with the rule */
  #checkFilter(device: UsbDevice): void {
    const reason = this.#filterReason(device);
    if (reason !== undefined) throw this.#refusal(reason);
  }

  /** Why the guest's filter does not let the device through; undefined where it does, or cannot be read. */
  #filterReason(device: UsbDevice): string | undefined {
    if (this.#filter === undefined) return undefined;
    try {
      const { action, reason } = usbredirPolicy(parseUsbredirFilter(this.#filter))(policyDevice(device, NOT_USED_HERE));
      return action === 'allow' ? undefined : reason;
    } catch {
      return undefined;
    }
  }

  #refusal(reason: string): HostError {
    return new HostError('GUEST_REFUSED', `the filter of ${this.name} refuses it: ${reason}`);
  }

  #connect(device: UsbDevice): Promise<Attachment> {
    const { clock, onDropped } = this.#options;
    const hosted = new HostedDevice(device, {
      link: this.#link,
      send: (packet) => this.#connection.send(packet),
      backlog: () => this.#connection.backlog,
      dropped: (endpointAddress, packets) => onDropped?.(device, endpointAddress, packets),
    });
    const unplugged = () => this.#leave({ reason: 'unplugged' });
    device.gone.addEventListener('abort', unplugged);
    let settled: (end: AttachmentEnd) => void = () => {};
    const ended = new Promise<AttachmentEnd>((resolve) => (settled = resolve));
    const result = new Promise<Attachment>((resolve, reject) => {
      const stop = clock.after(FIRST_REQUEST_TIME, () => {
        this.#move('silence');
        this.#guested?.verdict(undefined);
      });
      const attachment: Attachment = {
        device,
        location: this.name,
        ended,
        release: async () => {
          if (this.#guested?.hosted === hosted) this.#leave({ reason: 'released' });
          await ended;
        },
      };
      this.#guested = {
        device,
        hosted,
        verdict: (error) => {
          stop();
          if (error === undefined) resolve(attachment);
          else void ended.then(() => reject(error));
        },
        end: (end) => {
          stop();
          device.gone.removeEventListener('abort', unplugged);
          void device.close().then(() => settled(end));
        },
      };
    });
    this.#move('connect');
    hosted.announce();
    if (this.#connection.isOver) this.#leave({ reason: 'closed', error: this.#connection.error });
    else if (device.gone.aborted) unplugged();
    return result;
  }

  #move(input: Input): boolean {
    const next = nextState<State, Input>(GUEST_TRANSITIONS, this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    if (next === 'free') this.#wake();
    return true;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** The device is no longer the guest's. */
  #leave(end: AttachmentEnd): void {
    const guested = this.#guested;
    if (guested === undefined) return;
    this.#guested = undefined;
    this.#move('disconnect');
    guested.hosted.close();
    if (end.reason !== 'closed')
      this.#connection.send({ name: 'usb_redir_device_disconnect', ...this.#link.numbered(0) });
    // A guest that does not acknowledge has nothing to say about the device any more.
    if (!this.#link.has('device_disconnect_ack')) this.#move('acknowledge');
    guested.verdict(this.#failureOf(end));
    guested.end(end);
  }

  /** Where nobody has learned yet whether the guest takes the device. */
  #failureOf(end: AttachmentEnd): HostError {
    switch (end.reason) {
      case 'refused':
        return new HostError('GUEST_REFUSED', `${this.name} refuses it`);
      case 'unplugged':
        return new HostError('CLIENT_LEFT', `the device was unplugged before ${this.name} had it`);
      case 'released':
      case 'returned':
        return new HostError('HOST_CLOSED', `${this.name} is being closed`);
      case 'closed':
      case 'failed':
        return this.#overError();
    }
  }

  #happened(event: LinkEvent, ready: (isReady: boolean) => void): void {
    const { onReady, onIgnored } = this.#options;
    switch (event.type) {
      case 'ready':
        this.#isOpen = true;
        onReady?.(event.version);
        ready(true);
        return;
      case 'packet':
        this.#received(event.packet);
        return;
      case 'malformed':
        onIgnored?.(event.error);
        return;
      case 'failed':
        this.#connection.fail(
          this.#isOpen
            ? event.error
            : new HostError('NOT_USBREDIR', `${this.name} does not speak usbredir: ${event.error.message}`),
        );
        return;
    }
  }

  #received(packet: LinkPacket): void {
    switch (packet.name) {
      case 'usb_redir_filter_filter':
        this.#filter = packet.filter;
        this.#options.onFilter?.(packet.filter);
        return;
      case 'usb_redir_filter_reject':
        this.#rejected();
        return;
      case 'usb_redir_device_disconnect_ack':
        this.#move('acknowledge');
        return;
      default: {
        // What a guest asks before it has seen that the device is gone is answered by the device's end.
        const guested = this.#guested;
        if (guested === undefined) return;
        if (this.#move('request')) guested.verdict(undefined);
        guested.hosted.execute(packet);
      }
    }
  }

  #rejected(): void {
    const guested = this.#guested;
    if (guested === undefined) return;
    const reason = this.#filterReason(guested.device);
    const error =
      reason === undefined
        ? new HostError(
            'GUEST_REFUSED',
            `${this.name} refuses it: its machine has no port for a device of this speed, or the log of QEMU says why`,
          )
        : this.#refusal(reason);
    guested.verdict(error);
    this.#leave({ reason: 'refused', explanation: error.message });
  }
}
