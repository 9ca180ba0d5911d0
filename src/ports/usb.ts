/** USB as the engine sees it: operations, devices, where they come from and go to. Types only. */
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import type { SetupPacket } from '../../codecs/usb/setupPacket.ts';
import type { ConnectionIdentity } from './transport.ts';

/** How a USB operation ended. A USB failure is a result, never an exception. */
export type UsbStatus =
  | 'completed'
  | 'stalled'
  | 'cancelled'
  | 'timedOut'
  | 'disconnected'
  | 'overflowed'
  | 'notSupported'
  | 'invalidParameter'
  | 'notFound'
  | 'busy'
  /** An isochronous transfer cannot start in the frame that it asks for. */
  | 'badStartFrame'
  /** The bus has too little left for an alternate setting with periodic endpoints. A host chooses a smaller setting then. */
  | 'noBandwidth'
  | 'outOfMemory'
  | 'failed';

/** Speeds of USB 1.0 to 3.2, as Linux's sysfs tells them apart. */
export type UsbSpeed = 'low' | 'full' | 'high' | 'super' | 'superPlus';

/** One thing to do on the bus. Lengths are bytes, times milliseconds. */
export type UsbOperation =
  /** `data` is the payload of an OUT request and empty for IN; `timeout` 0 means none. */
  | { readonly type: 'control'; readonly setup: SetupPacket; readonly data: Uint8Array; readonly timeout: number }
  /** Bulk or interrupt IN: up to `length` bytes, ended early by a short packet; waits for as long as it takes. */
  | { readonly type: 'transferIn'; readonly endpointAddress: number; readonly length: number }
  /** Bulk or interrupt OUT. `data` stays untouched by the caller until the result is there. */
  | { readonly type: 'transferOut'; readonly endpointAddress: number; readonly data: Uint8Array }
  | {
      readonly type: 'isochronousIn';
      readonly endpointAddress: number;
      readonly packetLengths: readonly number[];
      /** Undefined: as soon as possible. */
      readonly startFrame: number | undefined;
    }
  | {
      readonly type: 'isochronousOut';
      readonly endpointAddress: number;
      /** The packets' bytes, one after the other. */
      readonly data: Uint8Array;
      readonly packetLengths: readonly number[];
      readonly startFrame: number | undefined;
      /**
       * The result of the packets does not matter. A redirected device whose client accepts such writes (it announced a
       * jitter buffer) is not asked for an answer: the operation completes, without `packets`, as soon as it is sent.
       * Elsewhere this changes nothing.
       */
      readonly noAck?: true;
    }
  /** 0 unconfigures. Claims what the configuration needs. */
  | { readonly type: 'setConfiguration'; readonly configurationValue: number }
  | { readonly type: 'setInterface'; readonly interfaceNumber: number; readonly alternateSetting: number }
  /** CLEAR_FEATURE(ENDPOINT_HALT) on the bus, and the host's own halt and data toggle with it. */
  | { readonly type: 'clearHalt'; readonly endpointAddress: number }
  /** The host's half of `clearHalt`, without a request on the bus where the platform can do that. */
  | { readonly type: 'resetEndpoint'; readonly endpointAddress: number }
  /** Cancels every transfer of this endpoint and of no other; completes after they have. */
  | { readonly type: 'abortEndpoint'; readonly endpointAddress: number }
  | { readonly type: 'resetDevice' }
  /** Like an unplug and a plug. It completes before `gone` is aborted. */
  | { readonly type: 'cyclePort' }
  /**
   * Asks the host's end of the bus; the device hears nothing of it. A device that knows no better than its identity
   * completes with `notSupported`, and whoever asked makes do with that.
   */
  | { readonly type: 'queryBus'; readonly query: UsbBusQuery };

/** Facts about the bus of a device, and about the place of the device on it. */
export type UsbBusAnswer =
  /**
   * The frame that is on the bus now: 32 bits, one a millisecond, the number that `startFrame` means. `busTime` is the
   * same as the bus driver's own clock has it.
   */
  | { readonly query: 'frameNumber' | 'busTime'; readonly frameNumber: number }
  /** The state of the port that the device is plugged into. */
  | { readonly query: 'portStatus'; readonly isConnected: boolean; readonly isEnabled: boolean }
  /** Hubs between the device and the controller, the root hub counted. */
  | { readonly query: 'hubCount'; readonly hubCount: number }
  /** Names of the hub that has the device's port, and of the controller. */
  | { readonly query: 'hubName' | 'controllerName'; readonly name: string }
  | {
      readonly query: 'busInformation';
      /** Bits a second, 32 bits: the largest number where the bus is faster. */
      readonly totalBandwidth: number;
      /** Of these, what is reserved. */
      readonly consumedBandwidth: number;
      /** Bytes of the controller's name in UTF-16, without a NUL. */
      readonly controllerNameLength: number;
    };

/** A question of {@link UsbBusAnswer}. */
export type UsbBusQuery = UsbBusAnswer['query'];

/** Result of one packet of an isochronous transfer. */
export interface IsochronousPacketResult {
  /** How the packet ended. */
  readonly status: UsbStatus;
  /** Bytes transferred in this packet. */
  readonly length: number;
}

/** Result of a {@link UsbOperation}. */
export interface UsbResult {
  /** How the operation ended. */
  readonly status: UsbStatus;
  /**
   * Bytes that the device sent, also those before a failure; empty for OUT. The receiver owns it. For isochronous IN
   * the received bytes of the completed packets, one after the other.
   */
  readonly data: Uint8Array;
  /**
   * Gives the memory of `data` back, for another result: for the last receiver, who reads `data` no more and has passed it
   * on to nobody who might. Nobody has to call it: without that `data` is the receiver's for good. Who keeps the data of a
   * result and passes the result on all the same, leaves this out.
   */
  readonly release?: () => void;
  /** Bytes moved in the operation's direction. */
  readonly transferred: number;
  /** Isochronous only: one entry a packet. */
  readonly packets?: readonly IsochronousPacketResult[];
  /** Isochronous only: the frame of the first packet. */
  readonly startFrame?: number;
  /** `queryBus` only. */
  readonly busAnswer?: UsbBusAnswer;
}

/** A submitted operation. */
export interface UsbTransfer {
  /** Asks for an early end. The result still comes, once: `cancelled`, or what had happened already. */
  cancel(): void;
}

/** Facts about a device that are known before it is opened. */
export interface UsbDeviceIdentity {
  /** idVendor. */
  readonly vendorId: number;
  /** idProduct. */
  readonly productId: number;
  /** bcdDevice, e.g. 0x0100. */
  readonly deviceVersion: number;
  /** bcdUSB, e.g. 0x0210. */
  readonly usbVersion: number;
  /** bDeviceClass. */
  readonly deviceClass: number;
  /** bDeviceSubClass. */
  readonly deviceSubclass: number;
  /** bDeviceProtocol. */
  readonly deviceProtocol: number;
  /** Speed at which it runs. */
  readonly speed: UsbSpeed;
  /** As Linux counts buses, from 1. */
  readonly busNumber: number;
  /** 1 to 127; another one after each plug. */
  readonly deviceAddress: number;
  /** Bus and chain of ports as Linux writes it, e.g. `1-2.3`. */
  readonly portPath: string;
  /**
   * The other name of the same socket, where that is known: a socket of USB 3 is a port of two buses, and its device is on
   * the one or the other.
   */
  readonly peerPortPath?: string;
  /** String iManufacturer, where the device has one. */
  readonly manufacturerName?: string;
  /** String iProduct, where the device has one. */
  readonly productName?: string;
  /** String iSerialNumber, where the device has one. */
  readonly serialNumber?: string;
}

/**
 * A USB device, wherever it is: in a socket of this machine, made of software, or redirected from another machine.
 *
 * Opened once and closed once. While it is open, `submit` accepts any number of operations; each one's `complete` is
 * called exactly once, possibly before `submit` returns, and never after `close` has resolved.
 */
export interface UsbDevice {
  /** Ids, class, speed and place. */
  readonly identity: UsbDeviceIdentity;
  /** The 18 bytes of the device descriptor. */
  readonly deviceDescriptor: Uint8Array;
  /** Every configuration descriptor, whole (wTotalLength bytes), in index order. */
  readonly configurationDescriptors: readonly Uint8Array[];
  /** The readable ones of {@link configurationDescriptors}, parsed, in the same order. */
  readonly configurations: readonly Configuration[];
  /** Aborted when the device is unplugged or otherwise lost, for good: one that comes back is another object. */
  readonly gone: AbortSignal;
  /**
   * Takes the device for itself; with `interfaceNumbers`, where a device is shared with the drivers of this machine, only
   * these interfaces of it. @throws Error with one line that says what is in the way and what to do.
   */
  open(interfaceNumbers?: readonly number[]): Promise<void>;
  /** Cancels what is pending, waits for it, and gives everything back. Never rejects; a second call does nothing. */
  close(): Promise<void>;
  /** Starts an operation. Its failure is a result, never a rejection. */
  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer;
}

/** A place where devices come from: the sockets of a machine, a bus of virtual devices, a client that redirects. */
export interface UsbDeviceSource {
  /** For people: `libusb`, `virtual`, or the address of the client. */
  readonly name: string;
  /** Absent where devices are of this machine. */
  readonly connection?: ConnectionIdentity;
  /** Resolves, never rejects, when the source ends by itself: with the error that ended it, if one did. */
  readonly closed?: Promise<Error | undefined>;
  /** The devices that are there now. The same device is the same object in later calls. */
  list(): Promise<readonly UsbDevice[]>;
  /**
   * Calls back for each device that comes from now on. That one goes, its `gone` tells; when it comes back, it is
   * another object. Returns the function that stops it.
   */
  watch(added: (device: UsbDevice) => void): () => void;
  /**
   * Tells the source's end that `device` is not taken. A client that redirects gets RETRACT_DEVICE; for devices of this
   * machine nothing happens, nor for a device that is gone.
   * @param reason for people at this end; it may have rules and files of this end in it
   * @param explanation the words of where the device was to go, for the person who has it
   */
  refuse(device: UsbDevice, reason: string, explanation?: string): void;
  /** Stops watching and frees what the source holds; opened devices are closed first. */
  close(): Promise<void>;
}

/** A place where devices go: the kernel, the programs of a bus, a server on another machine. */
export interface UsbDeviceSink {
  /** For people: `vhci`, `usbip://127.0.0.1:3240`, or the address of the server. */
  readonly name: string;
  /** Absent where devices stay on this machine. */
  readonly connection?: ConnectionIdentity;
  /** Resolves, never rejects, when the sink ends by itself: with the error that ended it, if one did. */
  readonly closed?: Promise<Error | undefined>;
  /**
   * Takes a device that is not open. The sink opens it, and closes it before the attachment ends.
   * @throws Error with one line when the sink cannot take it; the device is closed then
   */
  attach(device: UsbDevice): Promise<Attachment>;
  /** Releases all devices and takes no more. */
  close(): Promise<void>;
}

/** A device at a sink. */
export interface Attachment {
  /** The device that was attached. */
  readonly device: UsbDevice;
  /** Where the sink has it, in the sink's words, such as the kernel's `3-1`; undefined while that is not known. */
  readonly location?: string | undefined;
  /** Resolves, never rejects, when the device is closed and another sink may have it. */
  readonly ended: Promise<AttachmentEnd>;
  /** Takes the device back; resolves when `ended` has. */
  release(): Promise<void>;
}

/** Why a device is no longer at a sink. */
export type AttachmentEnd =
  /**
   * `released`: this end took it back. `unplugged`: it is gone. `returned`: the other end has done with it.
   */
  | { readonly reason: 'released' | 'unplugged' | 'returned' }
  /** The other end does not want it, by its policy, say. `explanation`: its words for people, where it has some. */
  | { readonly reason: 'refused'; readonly explanation?: string }
  /** `closed`: the connection to the other end is over. `failed`: of this device, because of an error. */
  | { readonly reason: 'closed' | 'failed'; readonly error: Error | undefined };

/** Ids that the client sent in ADD_DEVICE, [MS-RDPEUSB] 2.2.4.2. */
export interface RedirectedDeviceIds {
  /** Windows' name for the device. */
  readonly deviceInstanceId: string;
  /** Hardware ids, the most special first. */
  readonly hardwareIds: readonly string[];
  /** Compatible ids, the most special first. */
  readonly compatibilityIds: readonly string[];
  /** GUID in braces; the same for all functions of a device. */
  readonly containerId: string;
}

/** On the server: a device that a client redirects. It is driven like any other {@link UsbDevice}. */
export interface RedirectedDevice extends UsbDevice {
  /** Ids under which Windows knows the device. */
  readonly ids: RedirectedDeviceIds;
  /** Asks the client for a text about the device, [MS-RDPEUSB] 2.2.6.5. */
  queryDeviceText(textType: 'description' | 'locationInformation', localeId: number): Promise<string>;
}
