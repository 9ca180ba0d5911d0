/**
 * Runs in a browser: gives devices away through a WebSocket. What the test in Node calls is `window.giving`.
 */
import { type Redirection, RedirectionClient, RemoteUsb, type UsbDevice } from 'urbdrc';
import { BlobBlocks, MassStorageStick, MemoryBlocks, OsrFx2 } from 'urbdrc/devices/virtual';
import { dial, WebUsbDevices } from 'urbdrc/web';
import { Flood } from './flood.ts';

/** The same bytes in Node and here. */
function contentOf(sectors: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(sectors * 512);
  const view = new DataView(content.buffer);
  for (let index = 0; index < content.byteLength; index += 4) view.setUint32(index, (index * 31) % 2 ** 32);
  return content;
}

let client: RedirectionClient | undefined;
let redirection: Redirection | undefined;
let blob: BlobBlocks | undefined;
let board: OsrFx2 | undefined;
const events: string[] = [];
let flood: Flood | undefined;
let mostWaiting = 0;

async function give(device: UsbDevice): Promise<void> {
  redirection = await client?.attach(device);
}

class CountingWebSocket extends WebSocket {
  override send(data: Parameters<WebSocket['send']>[0]): void {
    super.send(data);
    mostWaiting = Math.max(mostWaiting, this.bufferedAmount);
  }
}

const giving = {
  events,
  /** Connects, and sends so many frames to the server. Gives after how many it was asked to wait. */
  async flood(url: string, token: string, count: number): Promise<number | undefined> {
    window.WebSocket = CountingWebSocket;
    flood = new Flood(await dial(url, { token, hold: 0 }), count).start();
    return flood.stops[0];
  },
  /** Bytes that the browser had to send at most. */
  mostWaiting: () => mostWaiting,
  /** Connects, and reads nothing after the first frame. Gives why the connection ended. */
  async readNothing(url: string, token: string): Promise<string> {
    const transport = await dial(url, { token, hold: 0 });
    return new Promise((resolve) =>
      transport.start({
        received: () => transport.pause(),
        drained: () => {},
        closed: (error) => resolve(error?.message ?? ''),
      }),
    );
  },
  /** `connected`, or the error's code and message. */
  async connect(url: string, token: string): Promise<string> {
    try {
      const transport = await dial(url, { token });
      client = new RedirectionClient(transport, {
        onInterrupted: () => events.push('interrupted'),
        onResumed: () => events.push('resumed'),
      });
      void client.closed.then((error) => events.push(`closed ${error?.message ?? ''}`));
      return 'connected';
    } catch (error) {
      return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error);
    }
  },
  giveStick: (sectors: number) => give(new MassStorageStick({ blocks: new MemoryBlocks(contentOf(sectors)) })),
  giveFile(sectors: number) {
    blob = new BlobBlocks(new File([contentOf(sectors)], 'disk.img'));
    return give(new MassStorageStick({ blocks: blob }));
  },
  /** The file with what the server wrote, of one sector. */
  async savedSector(sector: number): Promise<number[]> {
    const saved = blob?.copy().slice(sector * 512, (sector + 1) * 512);
    return [...new Set(new Uint8Array((await saved?.arrayBuffer()) ?? new ArrayBuffer(0)))];
  },
  /** A device of what has the shape of `navigator.usb`. */
  async giveWebUsb() {
    const usb = new RemoteUsb();
    board = new OsrFx2();
    await usb.attach(board);
    const [device] = await new WebUsbDevices(usb).list();
    if (device !== undefined) await give(device);
  },
  unplug: () => board?.unplug(),
  takeBack: async () => redirection?.release(),
  close: async () => client?.close(),
};

declare global {
  interface Window {
    giving: typeof giving;
  }
}

window.giving = giving;
