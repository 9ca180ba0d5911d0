import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { RdpDeframer } from '../../../src/rdp/rdpDeframer.ts';
import { CONNECTION_REQUEST, INSIDE_TLS } from './capturedClient.ts';

/** Says what FreeRDP said, and keeps what it is told. */
export class ScriptedClient {
  readonly packets: Uint8Array[] = [];
  readonly socket: Socket;
  secure!: TLSSocket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').on('error', () => {});
  }

  async startTls(): Promise<this> {
    this.socket.write(CONNECTION_REQUEST);
    const [confirm] = (await once(this.socket, 'data')) as [Buffer];
    expect(toHex(confirm)).to.equal('030000130ed000001234000200080001000000');
    this.secure = connectTls({ socket: this.socket, rejectUnauthorized: false }).on('error', () => {});
    await once(this.secure, 'secureConnect');
    const deframer = new RdpDeframer();
    this.secure.on('data', (chunk: Buffer) => {
      deframer.push(chunk);
      for (let packet = deframer.next(); packet !== undefined; packet = deframer.next()) {
        this.packets.push(Uint8Array.of(3, 0, 0, 0, ...packet.payload));
      }
    });
    return this;
  }

  async activate(packets = INSIDE_TLS): Promise<this> {
    await this.startTls();
    for (const packet of packets) this.secure.write(packet);
    return this;
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }
}
