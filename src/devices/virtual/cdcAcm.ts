import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { CDC_PACKET_SIZE, CdcEndpoint, CdcInterface, describeCdcAcm } from './cdcAcmDescriptors.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { PacketLoopback } from './packetLoopback.ts';
import { VirtualDevice } from './virtualDevice.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Options of {@link CdcAcm}. */
export interface CdcAcmOptions {
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0004. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Serial Port`. */
  readonly productName?: string;
  /** Default `000000000001`. */
  readonly serialNumber?: string;
  /** The host changed the line coding or the control lines. */
  readonly onLine?: (line: SerialLine) => void;
}

/** How the host wants the line, [USB CDC PSTN 1.2] table 17 and table 18. */
export interface SerialLine {
  /** Bits a second. */
  readonly dataRate: number;
  /** Stop bits after a character. */
  readonly stopBits: 1 | 1.5 | 2;
  /** Of a character. */
  readonly parity: 'none' | 'odd' | 'even' | 'mark' | 'space';
  /** Bits of a character: 5 to 8, or 16. */
  readonly dataBits: number;
  /** DTR: the terminal is present. */
  readonly dataTerminalReady: boolean;
  /** RTS: the terminal wants to send. */
  readonly requestToSend: boolean;
}

/** bRequest, [USB CDC PSTN 1.2] table 13. */
const CdcRequest = {
  SET_LINE_CODING: 0x20,
  GET_LINE_CODING: 0x21,
  SET_CONTROL_LINE_STATE: 0x22,
  SEND_BREAK: 0x23,
} as const;
/** bmRequestType and bNotification, [USB CDC PSTN 1.2] 6.5.4. */
const SERIAL_STATE = [0xa1, 0x20];
/** Bits of SERIAL_STATE, [USB CDC PSTN 1.2] table 31. */
const SerialState = { carrier: 1, dataSetReady: 2, break: 4 };
/** 9600 baud, 1 stop bit, no parity, 8 bits. */
const LINE_CODING = Uint8Array.of(0x80, 0x25, 0, 0, 0, 0, 8);
const STOP_BITS = [1, 1.5, 2] as const;
const PARITIES = ['none', 'odd', 'even', 'mark', 'space'] as const;
const DATA_BITS = [5, 6, 7, 8, 16];
/** Packets that the line holds: 16 KiB. */
const CAPACITY = 32;

/**
 * A serial port (CDC ACM) with a loop-back plug on it: what is written comes back, whatever the line coding, and DTR is
 * wired to carrier and DSR, which are told by SERIAL_STATE. A transfer that fills its packets is followed by an empty one.
 */
export class CdcAcm extends VirtualDevice {
  readonly #onLine: (line: SerialLine) => void;
  readonly #loopback: PacketLoopback;
  #coding = LINE_CODING;
  #controlLines = 0;

  constructor(options: CdcAcmOptions = {}) {
    const { vendorId = 0x1209, productId = 0x0004, manufacturerName = 'urbdrc' } = options;
    const { productName = 'Virtual Serial Port', serialNumber = '000000000001' } = options;
    const strings = [manufacturerName, productName, serialNumber];
    super(describeCdcAcm({ idVendor: vendorId, idProduct: productId, strings }));
    this.#onLine = options.onLine ?? (() => {});
    this.#loopback = new PacketLoopback(this.endpoints, {
      endpointOut: CdcEndpoint.bulkOut,
      endpointIn: CdcEndpoint.bulkIn,
      packetSize: CDC_PACKET_SIZE,
      capacity: CAPACITY,
      endsTransfers: true,
    });
  }

  /** How the host wants the line. */
  get line(): SerialLine {
    const coding = new DataView(this.#coding.buffer);
    return {
      dataRate: coding.getUint32(0, true),
      stopBits: STOP_BITS[coding.getUint8(4)] ?? 1,
      parity: PARITIES[coding.getUint8(5)] ?? 'none',
      dataBits: coding.getUint8(6),
      dataTerminalReady: (this.#controlLines & 1) !== 0,
      requestToSend: (this.#controlLines & 2) !== 0,
    };
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest, wValue, wIndex } = setup;
    const toInterface = RequestType.class | RequestType.interface;
    if (wIndex !== CdcInterface.communication) return undefined;
    if (bmRequestType === (toInterface | RequestType.directionIn)) {
      return bRequest === CdcRequest.GET_LINE_CODING ? this.#coding : undefined;
    }
    return bmRequestType === toInterface && this.#set(bRequest, wValue, data) ? NO_BYTES : undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    return this.#loopback.receive(data);
  }

  protected override drained(endpointAddress: number): void {
    if (endpointAddress === CdcEndpoint.bulkIn) this.#loopback.drained();
  }

  protected override reset(interfaceNumber: number | undefined): void {
    if (interfaceNumber !== CdcInterface.communication) this.#loopback.reset();
    if (interfaceNumber !== undefined) return;
    this.#coding = LINE_CODING;
    this.#controlLines = 0;
  }

  #set(bRequest: number, wValue: number, data: Uint8Array): boolean {
    switch (bRequest) {
      case CdcRequest.SET_LINE_CODING:
        if (!isLineCoding(data)) return false;
        this.#coding = Uint8Array.from(data);
        this.#onLine(this.line);
        return true;
      case CdcRequest.SET_CONTROL_LINE_STATE:
        if (data.byteLength > 0) return false;
        this.#setControlLines(wValue & 3);
        return true;
      case CdcRequest.SEND_BREAK:
        if (data.byteLength > 0) return false;
        // How long (wValue, milliseconds; 0 ends it) makes no difference at the other end of the plug.
        if (wValue > 0) this.#notify(this.#serialState() | SerialState.break);
        return true;
      default:
        return false;
    }
  }

  #setControlLines(controlLines: number): void {
    const before = this.#serialState();
    this.#controlLines = controlLines;
    this.#onLine(this.line);
    if (this.#serialState() !== before) this.#notify(this.#serialState());
  }

  #serialState(): number {
    return (this.#controlLines & 1) === 0 ? 0 : SerialState.carrier | SerialState.dataSetReady;
  }

  /** A newer state takes the place of one that the host did not read: no host needs to know that it was on and off. */
  #notify(state: number): void {
    this.endpoints.discard(CdcEndpoint.notification);
    const { communication } = CdcInterface;
    this.endpoints.send(
      CdcEndpoint.notification,
      Uint8Array.of(...SERIAL_STATE, 0, 0, communication, 0, 2, 0, state, 0),
    );
  }
}

function isLineCoding(data: Uint8Array): boolean {
  const [stopBits = 0xff, parity = 0xff, dataBits = 0] = data.subarray(4);
  const isKnown = stopBits < STOP_BITS.length && parity < PARITIES.length && DATA_BITS.includes(dataBits);
  return data.byteLength === LINE_CODING.byteLength && isKnown;
}
