/**
 * Runs in a browser: redirects a virtual stick from a client to a server, both in this page, reads it through WebUSB, writes
 * it, and takes it away.
 */
import { MassStorage, memoryPair, RedirectionClient, RedirectionServer, type RemoteDevice, RemoteUsb } from 'urbdrc';
import { decodeServerMessage } from 'urbdrc/codecs';
import { MassStorageStick, MemoryBlocks } from 'urbdrc/devices/virtual';
import { parseRule } from 'urbdrc/policy';

const SECTORS = 4096;

async function redirectStick(): Promise<object> {
  const content = new Uint8Array(SECTORS * 512);
  for (let index = 0; index < content.byteLength; index += 4) new DataView(content.buffer).setUint32(index, index * 31);
  const [clientEnd, serverEnd] = memoryPair();
  const usb = new RemoteUsb();
  const connected = new Promise<RemoteDevice>((resolve) => usb.addEventListener('connect', (e) => resolve(e.device)));
  const disconnected = new Promise<void>((resolve) => usb.addEventListener('disconnect', () => resolve()));
  new RedirectionServer(serverEnd).watch((device) => void usb.attach(device));
  const client = new RedirectionClient(clientEnd);
  await client.attach(new MassStorageStick({ blocks: new MemoryBlocks(content) }));
  const device = await connected;
  const storage = await MassStorage.open(device);
  const read = await storage.read(0, SECTORS);
  await storage.write(7, new Uint8Array(512).fill(0xa5));
  const written = await storage.read(7, 1);
  await client.close();
  await disconnected;
  return {
    product: device.productName,
    read: await digest(read),
    written: [...new Set(written)],
    inTheStick: [...new Set(content.subarray(7 * 512, 8 * 512))],
  };
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the page's policy forbids: the bundle must not need it. */
function evaluates(): boolean {
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- it must fail
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

async function run(): Promise<object> {
  // CANCEL_REQUEST of request 33 at interface 5.
  const bytes = Uint8Array.of(5, 0, 0, 0x40, 0, 0, 0, 0, 0, 1, 0, 0, 0x21, 0, 0, 0);
  return {
    evaluates: evaluates(),
    hasBuffer: 'Buffer' in globalThis,
    message: decodeServerMessage(bytes),
    rule: parseRule('deny 046d:*', 'page').action,
    stick: await redirectStick(),
  };
}

const output = document.querySelector('output');
if (output === null) throw new Error('the page has no output element');
run().then(
  (result) => (output.textContent = JSON.stringify(result)),
  (error: unknown) => (output.textContent = error instanceof Error ? (error.stack ?? error.message) : String(error)),
);
