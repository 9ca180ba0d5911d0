import type { SetupPacket } from '../../../../codecs/usb/setupPacket.ts';
import { SmallDevice } from './smallDevice.ts';

const NOTHING = new Uint8Array(0);
const BULK = 2;
const INTERRUPT = 3;

/** A serial adapter of FTDI with its ends joined. Each packet begins with two bytes of modem and line status. */
export class FtdiAdapter extends SmallDevice {
  /** What SET_BAUD_RATE set: wValue. */
  divisor: number | undefined;

  constructor() {
    super({
      ...{ vendorId: 0x0403, productId: 0x6001, interfaceClass: [0xff, 0xff, 0xff], strings: ['FTDI', 'UART', 'A1'] },
      endpoints: [
        [0x81, BULK, 64],
        [0x02, BULK, 64],
      ],
    });
  }

  protected override handleControl({ bmRequestType, bRequest, wValue }: SetupPacket): Uint8Array | undefined {
    if (bmRequestType !== 0x40 || bRequest !== 3) return undefined;
    this.divisor = wValue;
    // An adapter tells its status now and then, also without data.
    this.#send(NOTHING);
    return NOTHING;
  }

  protected override received(data: Uint8Array): void {
    this.#send(data);
  }

  #send(data: Uint8Array): void {
    this.endpoints.send(0x81, Uint8Array.of(0x01, 0x60, ...data));
  }
}

/** A receipt printer, [USB printer class 1.1]. */
export class ReceiptPrinter extends SmallDevice {
  readonly printed: number[] = [];

  constructor() {
    super({
      ...{ vendorId: 0x04b8, productId: 0x0202, interfaceClass: [7, 1, 2], strings: ['EPSON', 'TM-T88V', 'R1'] },
      endpoints: [
        [0x01, BULK, 64],
        [0x82, BULK, 64],
      ],
    });
  }

  /** Tells its status without being asked. */
  tell(...status: readonly number[]): void {
    this.endpoints.send(0x82, Uint8Array.from(status));
  }

  protected override received(data: Uint8Array): void {
    this.printed.push(...data);
  }
}

/** A debug probe, CMSIS-DAP version 2 in its shape: a command in, its answer out. */
export class DebugProbe extends SmallDevice {
  readonly commands: number[] = [];

  constructor() {
    super({
      ...{ vendorId: 0x0d28, productId: 0x0204, interfaceClass: [0xff, 0, 0], strings: ['Arm', 'DAPLink', 'D1'] },
      endpoints: [
        [0x81, BULK, 64],
        [0x01, BULK, 64],
      ],
    });
  }

  protected override received([command = 0, detail = 0]: Uint8Array): void {
    this.commands.push(command);
    const answer = Uint8Array.from({ length: 64 }, () => 0);
    answer.set([command, ...this.#answer(command, detail)]);
    this.endpoints.send(0x81, answer);
  }

  #answer(command: number, detail: number): readonly number[] {
    // DAP_CONNECT tells the port (SWD), DAP_Info a text with its length; the others 0 for OK.
    if (command === 2) return [1];
    if (command !== 0) return [0];
    const text = detail === 2 ? 'DAPLink' : '';
    return [text.length, ...Buffer.from(text)];
  }
}

/** A hardware wallet's transport: APDUs in 64-byte packets. It answers with what it got, and 90 00. */
export class Wallet extends SmallDevice {
  #left = 0;
  #apdu: number[] = [];

  constructor() {
    super({
      ...{
        vendorId: 0x2c97,
        productId: 0x1011,
        interfaceClass: [0xff, 0xff, 0xff],
        strings: ['Ledger', 'Nano S', '1'],
      },
      endpoints: [
        [0x83, INTERRUPT, 64],
        [0x03, INTERRUPT, 64],
      ],
    });
  }

  protected override received(packet: Uint8Array): void {
    const [high = 0, low = 0, tag = 0, sequenceHigh = 0, sequenceLow = 0, ...rest] = packet;
    if (sequenceHigh === 0 && sequenceLow === 0) {
      this.#left = (rest.shift() ?? 0) * 256 + (rest.shift() ?? 0);
      this.#apdu = [];
    }
    this.#apdu.push(...rest.slice(0, this.#left - this.#apdu.length));
    if (this.#apdu.length < this.#left) return;
    const body = [...this.#apdu, 0x90, 0x00];
    let bytes = [body.length >> 8, body.length & 0xff, ...body];
    for (let sequence = 0; bytes.length > 0; sequence += 1) {
      const answer = new Uint8Array(64);
      answer.set([high, low, tag, 0, sequence, ...bytes.slice(0, 59)]);
      bytes = bytes.slice(59);
      this.endpoints.send(0x83, answer);
    }
  }
}

/** Requests of [DFU 1.1] 3, and its states. */
const Dfu = { download: 1, upload: 2, getStatus: 3, clearStatus: 4, getState: 5, abort: 6 } as const;
const State = { idle: 2, downloadIdle: 5, uploadIdle: 9 } as const;

/** A boot loader, [DFU 1.1], that keeps what it gets. */
export class BootLoader extends SmallDevice {
  firmware: number[] = [];
  #state: number = State.idle;
  #read = 0;

  constructor() {
    super({
      ...{ vendorId: 0x1209, productId: 0xdf11, interfaceClass: [0xfe, 1, 2], strings: ['Maker', 'Loader', 'L1'] },
    });
  }

  protected override handleControl(
    { bRequest, wValue, wLength }: SetupPacket,
    data: Uint8Array,
  ): Uint8Array | undefined {
    switch (bRequest) {
      case Dfu.download:
        if (wValue === 0) this.firmware = [];
        this.firmware.push(...data);
        // An empty block ends the download; this loader is done with it at once.
        this.#state = data.byteLength === 0 ? State.idle : State.downloadIdle;
        return NOTHING;
      case Dfu.upload: {
        if (wValue === 0) this.#read = 0;
        const block = this.firmware.slice(this.#read, this.#read + wLength);
        this.#read += block.length;
        this.#state = block.length < wLength ? State.idle : State.uploadIdle;
        return Uint8Array.from(block);
      }
      case Dfu.getStatus:
        return Uint8Array.of(0, 0, 0, 0, this.#state, 0);
      case Dfu.getState:
        return Uint8Array.of(this.#state);
      case Dfu.clearStatus:
      case Dfu.abort:
        this.#state = State.idle;
        return NOTHING;
      default:
        return undefined;
    }
  }
}

/** Commands of the Android debug bridge, as numbers. */
const Adb = {
  CNXN: 0x4e584e43,
  OKAY: 0x59414b4f,
  OPEN: 0x4e45504f,
  WRTE: 0x45545257,
  CLSE: 0x45534c43,
} as const;
const HEADER_SIZE = 24;

/** A telephone's debug interface: it lets everybody in, and each service answers once with its own name. */
export class Telephone extends SmallDevice {
  #header: DataView | undefined;

  constructor() {
    super({
      ...{ vendorId: 0x18d1, productId: 0x4ee7, interfaceClass: [0xff, 0x42, 1], strings: ['Maker', 'Phone', 'P1'] },
      endpoints: [
        [0x81, BULK, 64],
        [0x01, BULK, 64],
      ],
    });
  }

  protected override received(data: Uint8Array): void {
    const header = this.#header;
    if (header === undefined) {
      if (data.byteLength !== HEADER_SIZE) return; // the empty packet behind a full one
      const read = new DataView(data.buffer);
      if (read.getUint32(12, true) > 0) this.#header = read;
      else this.#handle(read, NOTHING);
      return;
    }
    this.#header = undefined;
    this.#handle(header, data);
  }

  #handle(header: DataView, payload: Uint8Array): void {
    const theirs = header.getUint32(4, true);
    switch (header.getUint32(0, true)) {
      case Adb.CNXN:
        this.#send(Adb.CNXN, 0x01000001, 4096, Buffer.from('device::ro.product.name=small;features=\0'));
        return;
      case Adb.OPEN:
        this.#send(Adb.OKAY, 7, theirs, NOTHING);
        this.#send(Adb.WRTE, 7, theirs, payload.subarray(0, payload.at(-1) === 0 ? -1 : undefined));
        return;
      case Adb.OKAY:
        this.#send(Adb.CLSE, 7, theirs, NOTHING);
        return;
      default:
        return;
    }
  }

  #send(command: number, arg0: number, arg1: number, payload: Uint8Array): void {
    const header = new DataView(new ArrayBuffer(HEADER_SIZE));
    const sum = payload.reduce((total, byte) => total + byte, 0);
    for (const [index, value] of [command, arg0, arg1, payload.byteLength, sum, command ^ 0xffffffff].entries()) {
      header.setUint32(4 * index, value >>> 0, true);
    }
    this.endpoints.send(0x81, new Uint8Array(header.buffer));
    if (payload.byteLength > 0) this.endpoints.send(0x81, Uint8Array.from(payload));
  }
}
