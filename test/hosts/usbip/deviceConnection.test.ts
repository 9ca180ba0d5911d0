import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { joinParts } from '../../../codecs/core/parts.ts';
import { CmdSubmit } from '../../../codecs/usbip/submit.ts';
import type { UsbStatus } from '../../../src/ports/usb.ts';
import { DeviceConnection } from '../../../src/hosts/usbip/deviceConnection.ts';
import { bytes, FakeUsbDevice, result } from '../fakeUsbDevice.ts';
import { PoisonedPool } from '../../poisonedPool.ts';
import { submit } from './commands.ts';

const MIB = 1024 * 1024;
const HEAD = 48;
const REPLY_DATA = 4096;
const COMMANDS = 20_000;
/** Of the bulk IN endpoint. */
const READ = { ep: 1, direction: 'in' } as const;
/** Of the bulk OUT endpoint. */
const WRITE = { ep: 2, direction: 'out' } as const;

/** A loopback connection: the importer's end, and the exporter's. */
async function sockets(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const importer = connect(address.port, '127.0.0.1');
  const [exporter] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [importer, exporter];
}

describe('the connection of an exported device', () => {
  it('reads no more commands while 4 MiB of replies have not left, and answers all of them later', async () => {
    const [importer, exporter] = await sockets();
    let most = 0;
    let submitted = 0;
    let allSubmitted: (value: unknown) => void = () => {};
    const everything = new Promise((resolve) => (allSubmitted = resolve));
    const device = new FakeUsbDevice(() => {
      most = Math.max(most, exporter.writableLength);
      submitted += 1;
      if (submitted === COMMANDS) allSubmitted(undefined);
      return result('completed', new Uint8Array(REPLY_DATA));
    });
    const connection = new DeviceConnection(device, exporter);
    importer.pause();
    const setup = bytes('80 06 00 03 00 00 00 10');
    const command = joinParts(CmdSubmit.encode(submit({ setup, transferBufferLength: REPLY_DATA })));
    const stream = Buffer.alloc(COMMANDS * HEAD);
    for (let index = 0; index < COMMANDS; index += 1) {
      stream.set(command, index * HEAD);
      stream.writeUInt32BE(index + 1, index * HEAD + 4);
    }
    importer.write(stream);
    await Promise.race([once(exporter, 'pause'), everything]);
    expect(submitted).to.be.below(COMMANDS);

    let received = 0;
    importer.on('data', (chunk: Buffer) => (received += chunk.byteLength));
    importer.resume();
    while (received < COMMANDS * (HEAD + REPLY_DATA)) await once(importer, 'data');
    expect(submitted).to.equal(COMMANDS);
    // 4 MiB, and the replies to the commands of one chunk of 64 KiB.
    expect(most).to.be.below(4 * MIB + 6 * MIB);
    importer.destroy();
    expect(await connection.closed).to.equal(undefined);
  });

  it('releases the data of a result when the system has all of the reply, and overwrites none before', async () => {
    const [importer, exporter] = await sockets();
    const data = new Uint8Array(8 * MIB).fill(1);
    let released = () => {};
    const isReleased = new Promise<void>((resolve) => (released = resolve));
    const release = () => {
      data.fill(0xdb);
      released();
    };
    const device = new FakeUsbDevice(() => ({ ...result('completed', data), release }));
    const connection = new DeviceConnection(device, exporter);
    importer.write(joinParts(CmdSubmit.encode(submit({ ...READ, transferBufferLength: data.byteLength }))));
    const chunks: Buffer[] = [];
    for (let received = 0; received < HEAD + data.byteLength;) {
      const [chunk] = (await once(importer, 'data')) as [Buffer];
      chunks.push(chunk);
      received += chunk.byteLength;
    }
    await isReleased;
    expect(
      Buffer.concat(chunks)
        .subarray(HEAD)
        .equals(Buffer.alloc(8 * MIB, 1)),
    ).to.equal(true);
    importer.destroy();
    await connection.closed;
  });

  it('receives a write in memory of one that the device has completed, and of no other', async () => {
    const [importer, exporter] = await sockets();
    const buffers = new PoisonedPool();
    const written: { readonly data: Uint8Array; readonly complete: (status: UsbStatus) => void }[] = [];
    let arrived = () => {};
    const device = new FakeUsbDevice(() => undefined);
    device.submit = (operation, complete) => {
      if (operation.type === 'transferOut') {
        const { data } = operation;
        const ended = (status: UsbStatus) => complete(result(status, undefined, data.byteLength));
        written.push({ data, complete: ended });
        arrived();
      }
      return { cancel() {} };
    };
    const connection = new DeviceConnection(device, exporter, buffers);
    importer.resume();
    /** The write that comes of a command with 200,000 bytes of this value. */
    const write = async (value: number) => {
      const transferBuffer = new Uint8Array(200_000).fill(value);
      const arrives = new Promise<void>((resolve) => (arrived = resolve));
      const command = { ...WRITE, seqnum: value, transferBufferLength: transferBuffer.byteLength, transferBuffer };
      importer.write(joinParts(CmdSubmit.encode(submit(command))));
      await arrives;
      const last = written.at(-1);
      if (last === undefined) throw new Error('nothing was written');
      return last;
    };
    const [first, second] = [await write(1), await write(2)];
    expect(buffers.returned).to.equal(0);
    first.complete('completed');
    expect(buffers.returned).to.equal(1);
    const third = await write(3);
    expect(third.data.buffer).to.equal(first.data.buffer);
    for (const [{ data }, value] of [[second, 2] as const, [third, 3] as const]) {
      expect(Buffer.from(data).equals(Buffer.alloc(200_000, value))).to.equal(true);
    }
    second.complete('failed');
    third.complete('cancelled');
    expect(buffers.returned).to.equal(1);
    importer.destroy();
    await connection.closed;
  });

  it('does not release the data of a result that the importer did not take', async () => {
    const [importer, exporter] = await sockets();
    let released = 0;
    const release = () => (released += 1);
    const device = new FakeUsbDevice(() => ({ ...result('completed', new Uint8Array(8 * MIB)), release }));
    const connection = new DeviceConnection(device, exporter);
    importer.pause();
    importer.write(joinParts(CmdSubmit.encode(submit({ ...READ, transferBufferLength: 8 * MIB }))));
    while (exporter.writableLength === 0) await new Promise(setImmediate);
    importer.destroy();
    await connection.closed;
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(released).to.equal(0);
  });
});
