import type { Socket } from 'node:net';
import { joinParts } from '../../../codecs/core/parts.ts';
import { type LinkPacket, UsbredirLink } from '../../../src/usbredir/usbredirLink.ts';

/** A guest made for tests: says what it is told to, and has a list of what came. */
export class ScriptedGuest {
  readonly link = new UsbredirLink({ role: 'guest', version: 'scripted', capabilities: 0xff, maximumLength: 1e6 });
  readonly received: LinkPacket[] = [];
  /** Both hellos are there: packets may be sent. */
  readonly ready: Promise<void>;
  readonly socket: Socket;
  #changed: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    let ready: () => void = () => {};
    this.ready = new Promise((resolve) => (ready = resolve));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const event of this.link.receive(Uint8Array.from(chunk))) {
        if (event.type === 'packet') this.received.push(event.packet);
        if (event.type === 'ready') ready();
      }
      this.#changed();
    });
    socket.write(joinParts(this.link.hello()));
  }

  send(packet: LinkPacket): void {
    this.socket.write(joinParts(this.link.encode(packet)));
  }

  /** Resolves when a packet of this name has come; it and those before it are taken. */
  async next(name: LinkPacket['name']): Promise<LinkPacket> {
    for (;;) {
      const index = this.received.findIndex((packet) => packet.name === name);
      const taken = index < 0 ? undefined : this.received.splice(0, index + 1).at(-1);
      if (taken !== undefined) return taken;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}
