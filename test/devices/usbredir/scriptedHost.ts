import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { openUsbredirDevices, type UsbredirDevicesOptions } from '../../../src/devices/usbredir/usbredirDevices.ts';
import { type LinkPacket, UsbredirLink } from '../../../src/usbredir/usbredirLink.ts';
import { configured } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';

export const Endpoint = { interruptIn: 0x81, bulkOut: 0x02, bulkIn: 0x82, isochronousOut: 0x03 };

const DEVICE = fromHex('12 01 0002 ff 00 00 40 0912 0f00 0100 00 00 00 01');
const CONFIGURATION = fromHex(
  '09 02 2e00 01 01 00 80 32  09 04 00 00 04 ff 00 00 00' +
    '07 05 81 03 4000 01  07 05 02 02 0002 00  07 05 82 02 0002 00  07 05 03 05 0004 04',
);
const NOTHING = new Uint8Array(0);

/** A usb-host that does as a test says. By itself it gives its descriptors and takes each configuration. */
export class ScriptedHost {
  readonly link = new UsbredirLink({ role: 'host', version: 'scripted', capabilities: 0xfe, maximumLength: 1e8 });
  readonly socket: Socket;
  /** What came and was not answered by {@link answer}. */
  readonly received: LinkPacket[] = [];
  /** Takes a packet before the host itself does; true where it is dealt with. */
  answer: (packet: LinkPacket) => boolean = () => false;
  #changed: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const event of this.link.receive(chunk)) {
        if (event.type === 'ready') this.connect();
        else if (event.type === 'packet' && !this.answer(event.packet)) this.#answer(event.packet);
      }
      this.#changed();
    });
    socket.write(joinParts(this.link.hello()));
  }

  connect(): void {
    const device = { speed: 2, deviceClass: 0xff, deviceSubclass: 0, deviceProtocol: 0 };
    const ids = { vendorId: 0x1209, productId: 0x000f, deviceVersionBcd: 1 };
    this.send({ name: 'usb_redir_device_connect', ...this.link.numbered(0), ...device, ...ids });
  }

  send(...packets: LinkPacket[]): void {
    this.socket.write(joinParts(packets.flatMap((packet) => this.link.encode(packet))));
  }

  /** Resolves with the first packet of this name, which is taken away. */
  async next<Name extends LinkPacket['name']>(name: Name): Promise<Extract<LinkPacket, { name: Name }>> {
    const isWanted = (packet: LinkPacket): packet is Extract<LinkPacket, { name: Name }> => packet.name === name;
    for (;;) {
      const found = this.received.find(isWanted);
      if (found !== undefined) {
        this.received.splice(this.received.indexOf(found), 1);
        return found;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  #answer(packet: LinkPacket): void {
    if (packet.name === 'usb_redir_control_packet' && packet.request === 6) {
      const bytes = packet.value >> 8 === 1 ? DEVICE : packet.value >> 8 === 2 ? CONFIGURATION : NOTHING;
      const data = bytes.subarray(0, packet.length);
      this.send({ ...packet, status: bytes === NOTHING ? 4 : 0, length: data.byteLength, data });
    } else if (packet.name === 'usb_redir_set_configuration') {
      const { id, idHigh, configuration } = packet;
      const ids = idHigh === undefined ? { id } : { id, idHigh };
      this.send({ name: 'usb_redir_configuration_status', ...ids, status: 0, configuration });
    } else this.received.push(packet);
  }
}

/** A source that listens to hosts which a test makes: `script` sees each connection. */
export async function scripted(
  script: (socket: Socket) => void,
  options: Partial<UsbredirDevicesOptions> = {},
): Promise<{ options: UsbredirDevicesOptions; clock: VirtualClock; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const clock = new VirtualClock();
  const listener = createServer((socket) => {
    sockets.add(socket);
    script(socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = { host: '127.0.0.1', port: (listener.address() as AddressInfo).port };
  return {
    options: { address, version: 'test', clock, ...options },
    clock,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** A device of a scripted host, open and configured. */
export async function hosted() {
  let connected: (host: ScriptedHost) => void = () => {};
  const hosting = new Promise<ScriptedHost>((resolve) => (connected = resolve));
  const { options, clock, close } = await scripted((socket) => connected(new ScriptedHost(socket)));
  const source = await openUsbredirDevices(options);
  const [device] = await source.list();
  if (device === undefined) throw new Error('no device');
  const host = await hosting;
  const usb = await configured(device);
  const end = async () => {
    await close();
    await source.close();
  };
  return { host, device, usb, clock, source, end };
}
