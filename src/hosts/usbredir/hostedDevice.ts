import { isSetAddress } from '../../../codecs/usb/stateRequest.ts';
import type { UsbredirId } from '../../../codecs/usbredir/header.ts';
import { UsbredirStatus } from '../../../codecs/usbredir/transfers.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import { resultOf } from '../../usb/results.ts';
import { usbredirStatusOf } from '../../usbredir/status.ts';
import type { LinkPacket, UsbredirLink } from '../../usbredir/usbredirLink.ts';
import { EndpointQueue, type QueuedUrb } from '../usbip/endpointQueue.ts';
import { describeDevice, describeSettings } from './description.ts';
import { GuestStreams } from './guestStreams.ts';
import { answerOf, operationOf, setupOf, type TransferRequest } from './submission.ts';

/** Bytes of one endpoint's transfers that are at the device at a time. */
const BYTES_AT_DEVICE = 1024 * 1024;
/** Bytes of all requests that have not ended; those beyond are answered with an error. */
const PENDING_BYTES = 64 * 1024 * 1024;
/** The same, in number. */
const PENDING_REQUESTS = 4096;
/** Bytes of one transfer. */
const MAXIMUM_TRANSFER = 16 * 1024 * 1024;
/** Cost of a request beside its bytes, so that requests without bytes count too. */
const REQUEST_COST = 256;
/** Where bAlternateSetting of an interface is not known. */
const UNKNOWN_ALT = 255;
const DIRECTION_IN = 0x80;

type Selection = Extract<UsbOperation, { type: 'setConfiguration' | 'setInterface' }>;

interface PendingRequest extends QueuedUrb {
  readonly request: TransferRequest;
  transfer: UsbTransfer | undefined;
  /** A request that was cancelled is answered before the device is done with it. */
  isAnswered: boolean;
}

/** What a hosted device needs of its connection. */
export interface GuestLine {
  readonly link: UsbredirLink;
  /** Sends a packet; its payload must not change any more. */
  send(packet: LinkPacket): void;
  /** Bytes that the guest has not taken yet. */
  backlog(): number;
  /** So many isochronous packets were thrown away. */
  dropped(endpointAddress: number, packets: number): void;
}

/**
 * A device that a guest has: carries out its packets. Each request is answered once; resets and selections are carried out
 * one after the other, and what comes behind them waits.
 */
export class HostedDevice {
  readonly #device: UsbDevice;
  readonly #line: GuestLine;
  readonly #active: ActiveConfiguration;
  readonly #streams: GuestStreams;
  readonly #queues = new Map<number, EndpointQueue>();
  /** By id. */
  readonly #pending = new Map<number | string, PendingRequest>();
  /** Behind a reset or a selection. */
  #waiting: LinkPacket[] = [];
  #waitingBytes = 0;
  #isGated = false;
  #pendingRequests = 0;
  #pendingBytes = 0;
  /** Whether something was asked of the device since it was reset last. */
  #isUsed = true;
  #isConfigured = false;
  #isClosed = false;

  constructor(device: UsbDevice, line: GuestLine) {
    this.#device = device;
    this.#line = line;
    // Guests are told that the first configuration is active, as usbredir's own host finds devices configured.
    this.#active = new ActiveConfiguration(device.configurations, device.configurations[0]);
    this.#streams = new GuestStreams(device, this.#active, line);
  }

  /** Tells the guest of the device. */
  announce(): void {
    this.#describe();
    this.#line.send(describeDevice(this.#device.identity, this.#line.link));
  }

  /** The guest has taken what it had not; streams go on. */
  drained(): void {
    this.#streams.refill();
  }

  /** Cancels everything; nothing is answered from now on. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#streams.stopAll();
    for (const pending of this.#pending.values()) {
      if (!this.#queue(pending.request.endpoint).remove(pending)) pending.transfer?.cancel();
    }
    this.#pending.clear();
    this.#queues.clear();
  }

  /** Carries a packet out, now or when it is its turn. */
  execute(packet: LinkPacket): void {
    if (this.#isClosed) return;
    if (packet.name === 'usb_redir_cancel_data_packet') this.#cancel(packet);
    else if (!this.#isGated) this.#execute(packet);
    else if (this.#mayWait(packet)) this.#wait(packet);
    else if (isTransfer(packet)) this.#answer(packet, 'outOfMemory');
  }

  /** What waits holds memory, as what is at the device does. */
  #mayWait(packet: LinkPacket): boolean {
    return this.#waiting.length < PENDING_REQUESTS && this.#waitingBytes + costOf(packet) <= PENDING_BYTES;
  }

  #wait(packet: LinkPacket): void {
    this.#waiting.push(packet);
    this.#waitingBytes += costOf(packet);
  }

  #execute(packet: LinkPacket): void {
    switch (packet.name) {
      case 'usb_redir_reset':
        this.#reset();
        return;
      case 'usb_redir_set_configuration': {
        const operation = { type: 'setConfiguration', configurationValue: packet.configuration } as const;
        this.#select(operation, ({ status }) => this.#configurationStatus(packet, usbredirStatusOf(status)));
        return;
      }
      case 'usb_redir_get_configuration':
        this.#configurationStatus(packet, UsbredirStatus.success);
        return;
      case 'usb_redir_set_alt_setting': {
        const { interface: interfaceNumber, alt: alternateSetting } = packet;
        const operation = { type: 'setInterface', interfaceNumber, alternateSetting } as const;
        this.#select(operation, ({ status }) => this.#altStatus(packet, usbredirStatusOf(status)));
        return;
      }
      case 'usb_redir_get_alt_setting': {
        const isKnown = this.#active.setting(packet.interface) !== undefined;
        this.#altStatus(packet, isKnown ? UsbredirStatus.success : UsbredirStatus.inval);
        return;
      }
      case 'usb_redir_start_iso_stream':
      case 'usb_redir_stop_iso_stream':
      case 'usb_redir_start_interrupt_receiving':
      case 'usb_redir_stop_interrupt_receiving':
      case 'usb_redir_start_bulk_receiving':
      case 'usb_redir_stop_bulk_receiving':
      case 'usb_redir_iso_packet':
        this.#isUsed = true;
        this.#streams.execute(packet);
        return;
      case 'usb_redir_alloc_bulk_streams':
      case 'usb_redir_free_bulk_streams': {
        const { id, idHigh, endpoints } = packet;
        const high = idHigh === undefined ? {} : { idHigh };
        const status = UsbredirStatus.inval;
        this.#line.send({ name: 'usb_redir_bulk_streams_status', id, ...high, endpoints, noStreams: 0, status });
        return;
      }
      case 'usb_redir_control_packet':
      case 'usb_redir_bulk_packet':
      case 'usb_redir_interrupt_packet':
        this.#isUsed = true;
        this.#submit(packet);
        return;
      default:
        // Packets about the connection are not for the device, and the host's packets do not come from a guest.
        return;
    }
  }

  #describe(): void {
    for (const packet of describeSettings(this.#active, this.#line.link)) this.#line.send(packet);
  }

  /** A guest resets twice in a row where once is enough; resetting costs time. */
  #reset(): void {
    if (!this.#isUsed) return;
    this.#isUsed = false;
    this.#streams.breakAll();
    this.#gate({ type: 'resetDevice' }, () => {});
  }

  #select(operation: Selection, answer: (result: UsbResult) => void): void {
    this.#streams.breakAll(operation.type === 'setInterface' ? operation.interfaceNumber : undefined);
    this.#gate(operation, (result) => {
      if (result.status === 'completed') {
        this.#active.note(operation);
        if (operation.type === 'setConfiguration') this.#isConfigured = operation.configurationValue !== 0;
        this.#describe();
      }
      answer(result);
    });
  }

  /** Does it alone: what comes meanwhile waits for it. */
  #gate(operation: UsbOperation, ended: (result: UsbResult) => void): void {
    this.#isGated = true;
    this.#device.submit(operation, (result) => {
      if (this.#isClosed) return;
      ended(result);
      this.#isGated = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    while (!this.#isGated && !this.#isClosed) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= costOf(next);
      this.#execute(next);
    }
  }

  #configurationStatus({ id, idHigh }: UsbredirId, status: number): void {
    const configuration = this.#isConfigured ? (this.#active.configuration?.configurationValue ?? 0) : 0;
    const high = idHigh === undefined ? {} : { idHigh };
    this.#line.send({ name: 'usb_redir_configuration_status', id, ...high, status, configuration });
  }

  #altStatus({ id, idHigh, interface: number }: UsbredirId & { readonly interface: number }, status: number): void {
    const alt = this.#active.setting(number)?.alternateSetting ?? UNKNOWN_ALT;
    const high = idHigh === undefined ? {} : { idHigh };
    this.#line.send({ name: 'usb_redir_alt_setting_status', id, ...high, status, interface: number, alt });
  }

  #submit(request: TransferRequest): void {
    const key = keyOf(request);
    const operation = operationOf(request);
    if (this.#pending.has(key) || operation === undefined || !this.#isPossible(request)) {
      this.#answer(request, 'invalidParameter');
      return;
    }
    if (operation.type === 'control' && isSetAddress(operation.setup)) {
      this.#answer(request, 'stalled');
      return;
    }
    const cost = request.length + REQUEST_COST;
    const isTooMuch = this.#pendingBytes + cost > PENDING_BYTES || this.#pendingRequests >= PENDING_REQUESTS;
    if (isTooMuch || request.length > MAXIMUM_TRANSFER) {
      this.#answer(request, 'outOfMemory');
      return;
    }
    if (operation.type === 'setConfiguration' || operation.type === 'setInterface') {
      this.#select(operation, (result) => this.#line.send(answerOf(request, result)));
      return;
    }
    const pending: PendingRequest = {
      request,
      cost,
      transfer: undefined,
      isAnswered: false,
      start: () => this.#start(pending, operation),
    };
    this.#pending.set(key, pending);
    this.#pendingRequests += 1;
    this.#pendingBytes += cost;
    this.#queue(request.endpoint).add(pending);
  }

  /** Whether the endpoint is one for such packets. */
  #isPossible(request: TransferRequest): boolean {
    switch (request.name) {
      case 'usb_redir_control_packet':
        return setupOf(request).wLength === request.length;
      case 'usb_redir_bulk_packet':
        return request.streamId === 0 && this.#active.endpoint(request.endpoint)?.transferType === 'bulk';
      case 'usb_redir_interrupt_packet':
        return this.#active.endpoint(request.endpoint)?.transferType === 'interrupt';
    }
  }

  #start(pending: PendingRequest, operation: UsbOperation): void {
    const begun = { isOver: false };
    const transfer = this.#device.submit(operation, (result) => {
      begun.isOver = true;
      this.#ended(pending, result);
    });
    if (!begun.isOver) pending.transfer = transfer;
  }

  #ended(pending: PendingRequest, result: UsbResult): void {
    if (this.#isClosed) return;
    const { request } = pending;
    this.#settle(pending);
    if (!pending.isAnswered) {
      this.#pending.delete(keyOf(request));
      this.#line.send(answerOf(request, result));
    }
    this.#queue(request.endpoint).ended(pending);
    this.#dropIfIdle(request.endpoint);
  }

  #settle({ cost }: PendingRequest): void {
    this.#pendingRequests -= 1;
    this.#pendingBytes -= cost;
  }

  /** Answers at once; how the transfer really ends is not told. One that has ended has been answered. */
  #cancel(id: UsbredirId): void {
    const key = keyOf(id);
    const index = this.#waiting.findIndex((packet) => isTransfer(packet) && keyOf(packet) === key);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting !== undefined && isTransfer(waiting)) {
      this.#waitingBytes -= costOf(waiting);
      this.#answer(waiting, 'cancelled');
      return;
    }
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#pending.delete(key);
    pending.isAnswered = true;
    this.#answer(pending.request, 'cancelled');
    if (this.#queue(pending.request.endpoint).remove(pending)) this.#settle(pending);
    else pending.transfer?.cancel();
    this.#dropIfIdle(pending.request.endpoint);
  }

  #answer(request: TransferRequest, status: UsbResult['status']): void {
    this.#line.send(answerOf(request, resultOf(status)));
  }

  /** Endpoint 0 has one for both directions. */
  #queue(endpoint: number): EndpointQueue {
    const key = queueOf(endpoint);
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = new EndpointQueue(BYTES_AT_DEVICE)));
    return queue;
  }

  #dropIfIdle(endpoint: number): void {
    if (this.#queue(endpoint).isIdle) this.#queues.delete(queueOf(endpoint));
  }
}

function queueOf(endpoint: number): number {
  return (endpoint & ~DIRECTION_IN) === 0 ? 0 : endpoint;
}

/** Ids are addresses in the memory of the guest: numbers, unless somebody makes them larger. */
function keyOf({ id, idHigh = 0 }: UsbredirId): number | string {
  return idHigh < 2 ** 21 ? idHigh * 2 ** 32 + id : `${idHigh} ${id}`;
}

function costOf(packet: LinkPacket): number {
  return REQUEST_COST + ('data' in packet ? packet.data.byteLength : 0);
}

function isTransfer(packet: LinkPacket): packet is TransferRequest {
  return (
    packet.name === 'usb_redir_control_packet' ||
    packet.name === 'usb_redir_bulk_packet' ||
    packet.name === 'usb_redir_interrupt_packet'
  );
}
