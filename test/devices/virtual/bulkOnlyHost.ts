import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import type { UsbStatus } from '../../../src/ports/usb.ts';
import type { Recorder } from '../recorder.ts';

export const BULK_IN = 0x81;
export const BULK_OUT = 0x02;

/** What became of a command. */
export interface Outcome {
  /** bCSWStatus. */
  readonly status: number;
  readonly residue: number;
  readonly data: Uint8Array;
  /** How the data phase ended. */
  readonly dataStatus: UsbStatus | undefined;
}

/** The 31 bytes of a CBW, written by hand and not by the code under test. */
export function cbw(tag: number, length: number, direction: 'in' | 'out', command: Uint8Array, lun = 0): Uint8Array {
  const bytes = new Uint8Array(31);
  const view = new DataView(bytes.buffer);
  bytes.set([0x55, 0x53, 0x42, 0x43]);
  view.setUint32(4, tag, true);
  view.setUint32(8, length, true);
  bytes[12] = direction === 'in' ? 0x80 : 0;
  bytes[13] = lun;
  bytes[14] = command.byteLength;
  bytes.set(command, 15);
  return bytes;
}

/** A host of Bulk-Only Transport that does what [USB MSC BOT 1.0] 5.3 and 6.7 want of hosts. */
export class BulkOnlyHost {
  readonly usb: Recorder;
  #tag = 100;

  constructor(usb: Recorder) {
    this.usb = usb;
  }

  /** A command of hex digits; the host expects to read `length` bytes. */
  async read(command: string, length: number): Promise<Outcome> {
    const tag = await this.#command(command, length, 'in');
    if (length === 0) return this.status(tag);
    const { status, data } = await this.usb.in(BULK_IN, length).result;
    if (status === 'stalled') await this.clear(BULK_IN);
    return { ...(await this.status(tag)), data, dataStatus: status };
  }

  /** The host sends these bytes, in transfers of `chunk` bytes. */
  async write(command: string, data: Uint8Array, chunk = Math.max(data.byteLength, 1)): Promise<Outcome> {
    const tag = await this.#command(command, data.byteLength, 'out');
    let dataStatus: UsbStatus | undefined;
    for (let at = 0; at < data.byteLength && dataStatus !== 'stalled'; at += chunk) {
      dataStatus = (await this.usb.out(BULK_OUT, data.subarray(at, at + chunk)).result).status;
      if (dataStatus === 'stalled') await this.clear(BULK_OUT);
    }
    return { ...(await this.status(tag)), dataStatus };
  }

  /** A command without data. */
  run(command: string): Promise<Outcome> {
    return this.write(command, new Uint8Array(0));
  }

  /** REQUEST SENSE, as `key/asc/ascq` in hex. */
  async sense(): Promise<string> {
    const { data, status } = await this.read('03 00 00 00 12 00', 18);
    expect(status).to.equal(0);
    return [data[2]! & 0xf, data[12]!, data[13]!].map((each) => each.toString(16).padStart(2, '0')).join('/');
  }

  async clear(endpointAddress: number): Promise<void> {
    expect((await this.usb.run({ type: 'clearHalt', endpointAddress })).status).to.equal('completed');
  }

  async resetRecovery(): Promise<void> {
    expect((await this.usb.write(0x21, 0xff, 0, 0)).status).to.equal('completed');
    await this.clear(BULK_IN);
    await this.clear(BULK_OUT);
  }

  /** Reads the CSW of this tag. */
  async status(tag: number): Promise<Outcome> {
    let result = await this.usb.in(BULK_IN, 13).result;
    if (result.status === 'stalled') {
      await this.clear(BULK_IN);
      result = await this.usb.in(BULK_IN, 13).result;
    }
    expect(result).to.deep.include({ status: 'completed', transferred: 13 });
    const view = new DataView(Uint8Array.from(result.data).buffer);
    expect(view.getUint32(0, true)).to.equal(0x53425355);
    expect(view.getUint32(4, true), 'tag').to.equal(tag);
    return {
      residue: view.getUint32(8, true),
      status: view.getUint8(12),
      data: new Uint8Array(0),
      dataStatus: undefined,
    };
  }

  async #command(command: string, length: number, direction: 'in' | 'out'): Promise<number> {
    const tag = this.#tag++;
    const sent = await this.usb.out(BULK_OUT, cbw(tag, length, direction, fromHex(command))).result;
    expect(sent).to.deep.include({ status: 'completed', transferred: 31 });
    return tag;
  }
}
