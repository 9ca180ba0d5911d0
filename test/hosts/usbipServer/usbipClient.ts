import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A USB/IP client as small as it can be, written from Documentation/usb/usbip_protocol.rst of Linux with nothing of this
 * library in it.
 */

export interface UsbipListedDevice {
  readonly path: string;
  readonly busid: string;
  readonly busnum: number;
  readonly devnum: number;
  readonly speed: number;
  readonly ids: readonly number[];
  readonly classes: readonly number[];
  readonly configurationValue: number;
  readonly configurations: number;
  readonly interfaceCount: number;
}

export interface Urb {
  readonly direction: 'in' | 'out';
  readonly ep: number;
  /** IN: bytes wanted. */
  readonly length?: number;
  readonly data?: Uint8Array;
  /** 8 bytes. */
  readonly setup?: Uint8Array;
  readonly interval?: number;
  /** Lengths of isochronous packets. */
  readonly packets?: readonly number[];
}

export interface UrbReply {
  readonly status: number;
  readonly actualLength: number;
  readonly data: Uint8Array;
  readonly packets: readonly { readonly offset: number; readonly actualLength: number; readonly status: number }[];
}

const VERSION = 0x0111;

export class UsbipClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};
  #seqnum = 0;
  #devid = 0;
  readonly #urbs = new Map<number, { urb: Urb; resolve: (reply: UrbReply) => void }>();
  readonly #unlinks = new Map<number, (status: number) => void>();
  /** Seqnums of replies, in the order in which they came. */
  readonly replies: number[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async connect(url: string): Promise<UsbipClient> {
    const { hostname, port } = new URL(url.replace('usbip:', 'http:'));
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new UsbipClient(socket);
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  /** What came and was not read. */
  get unread(): number {
    return this.#received.length;
  }

  list(): Promise<UsbipListedDevice[]> {
    this.socket.write(Buffer.from([0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0]));
    return this.listed();
  }

  /** The answer to a request that was sent by hand. */
  async listed(): Promise<UsbipListedDevice[]> {
    await this.#header(0x0005);
    const count = (await this.#bytes(4)).readUInt32BE();
    const devices: UsbipListedDevice[] = [];
    for (let index = 0; index < count; index += 1) {
      const device = await this.#device();
      const interfaces = await this.#bytes(4 * device.interfaceCount);
      devices.push({ ...device, classes: [...device.classes, ...interfaces] });
    }
    await this.closed();
    return devices;
  }

  static importRequest(busid: string): Buffer {
    const request = Buffer.alloc(40);
    request.writeUInt16BE(VERSION, 0);
    request.writeUInt16BE(0x8003, 2);
    request.write(busid, 8, 'latin1');
    return request;
  }

  /** The status, and where that is 0 the device. */
  async import(busid: string): Promise<{ readonly status: number; readonly device?: UsbipListedDevice }> {
    this.socket.write(UsbipClient.importRequest(busid));
    return this.imported();
  }

  /** The answer to a request that was sent by hand. */
  async imported(): Promise<{ readonly status: number; readonly device?: UsbipListedDevice }> {
    const status = await this.#header(0x0003);
    if (status !== 0) return { status };
    const device = await this.#device();
    this.#devid = (device.busnum << 16) | device.devnum;
    void this.#readReplies();
    return { status, device };
  }

  /** Sends USBIP_CMD_SUBMIT. */
  submit(urb: Urb): { readonly seqnum: number; readonly reply: Promise<UrbReply> } {
    const seqnum = (this.#seqnum += 1);
    const reply = new Promise<UrbReply>((resolve) => this.#urbs.set(seqnum, { urb, resolve }));
    this.socket.write(this.#command(seqnum, urb));
    return { seqnum, reply };
  }

  async control(bytes: readonly number[], data?: Uint8Array): Promise<UrbReply> {
    const setup = Uint8Array.from(bytes);
    const length = setup[6]! | (setup[7]! << 8);
    const direction = setup[0]! & 0x80 ? 'in' : 'out';
    return this.submit({ direction, ep: 0, length, setup, ...(data === undefined ? {} : { data }) }).reply;
  }

  /** Sends USBIP_CMD_UNLINK; the status of its reply. */
  unlink(unlinkSeqnum: number): Promise<number> {
    const seqnum = (this.#seqnum += 1);
    const command = this.#basic(2, seqnum, 0, 0);
    command.writeUInt32BE(unlinkSeqnum, 20);
    const status = new Promise<number>((resolve) => this.#unlinks.set(seqnum, resolve));
    this.socket.write(command);
    return status;
  }

  #basic(command: number, seqnum: number, direction: number, ep: number): Buffer {
    const head = Buffer.alloc(48);
    [command, seqnum, this.#devid, direction, ep].forEach((value, index) => head.writeUInt32BE(value, index * 4));
    return head;
  }

  #command(seqnum: number, { direction, ep, length, data, setup, interval = 0, packets }: Urb): Buffer {
    const head = this.#basic(1, seqnum, direction === 'in' ? 1 : 0, ep);
    const total = packets?.reduce((sum, each) => sum + each, 0);
    head.writeUInt32BE(direction === 'in' ? 0x200 : 0, 20);
    head.writeUInt32BE(data?.length ?? length ?? total ?? 0, 24);
    head.writeUInt32BE(packets?.length ?? 0xffffffff, 32);
    head.writeUInt32BE(interval, 36);
    if (setup !== undefined) head.set(setup, 40);
    let offset = 0;
    const descriptors = (packets ?? []).map((each) => {
      const descriptor = Buffer.alloc(16);
      descriptor.writeUInt32BE(offset, 0);
      descriptor.writeUInt32BE(each, 4);
      offset += each;
      return descriptor;
    });
    return Buffer.concat([head, direction === 'out' ? (data ?? Buffer.alloc(0)) : Buffer.alloc(0), ...descriptors]);
  }

  async #readReplies(): Promise<void> {
    for (;;) {
      const head = await this.#bytes(48).catch(() => undefined);
      if (head === undefined) return;
      const [command, seqnum] = [head.readUInt32BE(0), head.readUInt32BE(4)];
      this.replies.push(seqnum);
      if (command === 4) {
        this.#unlinks.get(seqnum)?.(head.readInt32BE(20));
        continue;
      }
      const pending = this.#urbs.get(seqnum);
      if (command !== 3 || pending === undefined) throw new Error(`unexpected reply ${head.toString('hex')}`);
      this.#urbs.delete(seqnum);
      const actualLength = head.readUInt32BE(24);
      const data = await this.#bytes(pending.urb.direction === 'in' ? actualLength : 0);
      const count = pending.urb.packets === undefined ? 0 : head.readUInt32BE(32);
      const packets: UrbReply['packets'][number][] = [];
      for (let index = 0; index < count; index += 1) {
        const descriptor = await this.#bytes(16);
        packets.push({
          offset: descriptor.readUInt32BE(0),
          actualLength: descriptor.readUInt32BE(8),
          status: descriptor.readInt32BE(12),
        });
      }
      pending.resolve({ status: head.readInt32BE(20), actualLength, data, packets });
    }
  }

  /** Reads a reply's head; gives its status. */
  async #header(code: number): Promise<number> {
    const head = await this.#bytes(8);
    if (head.readUInt16BE(0) !== VERSION || head.readUInt16BE(2) !== code) throw new Error(head.toString('hex'));
    return head.readUInt32BE(4);
  }

  async #device(): Promise<UsbipListedDevice> {
    const bytes = await this.#bytes(312);
    const text = (start: number, end: number) => bytes.toString('latin1', start, end).replace(/\0.*$/s, '');
    return {
      path: text(0, 256),
      busid: text(256, 288),
      busnum: bytes.readUInt32BE(288),
      devnum: bytes.readUInt32BE(292),
      speed: bytes.readUInt32BE(296),
      ids: [bytes.readUInt16BE(300), bytes.readUInt16BE(302), bytes.readUInt16BE(304)],
      classes: [...bytes.subarray(306, 309)],
      configurationValue: bytes.readUInt8(309),
      configurations: bytes.readUInt8(310),
      interfaceCount: bytes.readUInt8(311),
    };
  }

  async #bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#ended) throw new Error(`closed, ${this.#received.length} of ${count} bytes are there`);
      await this.#more();
    }
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#wake;
      this.#wake = () => {
        this.#wake = () => {};
        others();
        resolve();
      };
    });
  }
}
