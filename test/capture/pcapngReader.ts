/** Reads pcapng with usbmon packets, written from the two documents and not from the codec that is under test. */
export interface SeenPacket {
  readonly comment: string | undefined;
  readonly time: bigint;
  readonly id: bigint;
  readonly event: string;
  readonly type: string;
  readonly endpoint: number;
  readonly device: number;
  readonly bus: number;
  readonly setup: string | undefined;
  readonly dataFlag: string;
  readonly stampSeconds: bigint;
  readonly stampMicroseconds: number;
  readonly status: number;
  readonly length: number;
  readonly interval: number;
  readonly startFrame: number;
  readonly flags: number;
  readonly errorCount: number;
  readonly isochronous: readonly { readonly status: number; readonly data: string }[];
  readonly data: string;
}

const TYPES = ['isochronous', 'interrupt', 'control', 'bulk'];

export interface SeenCapture {
  readonly application: string | undefined;
  readonly linkType: number;
  readonly packets: readonly SeenPacket[];
}

export function readPcapng(file: Buffer): SeenCapture {
  if (file.readUInt32LE(0) !== 0x0a0d0d0a || file.readUInt32LE(8) !== 0x1a2b3c4d) throw new Error('no section header');
  let application: string | undefined;
  let linkType = -1;
  const packets: SeenPacket[] = [];
  for (let at = 0; at < file.length;) {
    const type = file.readUInt32LE(at);
    const size = file.readUInt32LE(at + 4);
    if (size % 4 !== 0 || file.readUInt32LE(at + size - 4) !== size) throw new Error(`block at ${at} is not framed`);
    const body = file.subarray(at + 8, at + size - 4);
    if (type === 0x0a0d0d0a) application = options(body.subarray(16)).get(4);
    else if (type === 1) linkType = body.readUInt16LE(0);
    else if (type === 6) packets.push(packet(body));
    else throw new Error(`block type ${type}`);
    at += size;
  }
  return { application, linkType, packets };
}

function options(bytes: Buffer): Map<number, string> {
  const found = new Map<number, string>();
  for (let at = 0; at < bytes.length;) {
    const code = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (code === 0) break;
    found.set(code, bytes.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return found;
}

function packet(body: Buffer): SeenPacket {
  const captured = body.readUInt32LE(12);
  if (body.readUInt32LE(16) !== captured) throw new Error('a packet was cut');
  const usb = body.subarray(20, 20 + captured);
  const count = usb.readUInt32LE(60);
  const data = usb.subarray(64 + 16 * count);
  if (usb.readUInt32LE(36) !== usb.length - 64) throw new Error('len_cap');
  return {
    comment: options(body.subarray(20 + captured + ((4 - (captured % 4)) % 4))).get(1),
    time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
    id: usb.readBigUInt64LE(0),
    event: String.fromCharCode(usb[8]!),
    type: TYPES[usb[9]!]!,
    endpoint: usb[10]!,
    device: usb[11]!,
    bus: usb.readUInt16LE(12),
    setup: usb[14] === 0 ? usb.toString('hex', 40, 48) : undefined,
    dataFlag: usb[15] === 0 ? 'present' : String.fromCharCode(usb[15]!),
    stampSeconds: usb.readBigInt64LE(16),
    stampMicroseconds: usb.readInt32LE(24),
    status: usb.readInt32LE(28),
    length: usb.readUInt32LE(32),
    errorCount: usb[9] === 0 ? usb.readInt32LE(40) : 0,
    interval: usb.readInt32LE(48),
    startFrame: usb.readInt32LE(52),
    flags: usb.readUInt32LE(56),
    isochronous: Array.from({ length: count }, (_, index) => {
      const at = 64 + 16 * index;
      const offset = usb.readUInt32LE(at + 4);
      return {
        status: usb.readInt32LE(at),
        data: data.toString('hex', offset, offset + usb.readUInt32LE(at + 8)),
      };
    }),
    data: data.toString('hex'),
  };
}
