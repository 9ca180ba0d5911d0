// Run by redirect.test.js: both ends in one process, the real stick between them; writes behind the hashed part, reads it
// back, and prints what it wrote as one JSON object.
import { createHash, randomBytes } from 'node:crypto';
import { memoryPair, RedirectionClient, RedirectionServer, RemoteUsb } from '../../dist/src/entryPoints/urbdrc.js';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { MassStorage } from '../../dist/src/usb/massStorage/massStorage.js';

const SECTOR = 512;
const FIRST = 80_000;
const data = randomBytes(300 * SECTOR);

const source = await openLibusbDevices();
const [near, far] = memoryPair();
const usb = new RemoteUsb();
/** @type {Promise<import('../../dist/src/entryPoints/urbdrc.js').RemoteDevice>} */
const arrival = new Promise((resolve) => {
  usb.addEventListener('connect', ({ device }) => resolve(device), { once: true });
});
new RedirectionServer(far).watch((device) => void usb.attach(device));
const client = new RedirectionClient(near);
const stick = (await source.list()).find(({ identity }) => identity.serialNumber === 'LAB0001');
if (stick === undefined) throw new Error('no stick');
await client.attach(stick);
const storage = await MassStorage.open(await arrival);
await storage.write(FIRST, data);
await storage.flush();
const back = await storage.read(FIRST, data.length / SECTOR);
await storage.close();
await client.close();
await source.close();

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
process.stdout.write(
  JSON.stringify({ offset: FIRST * SECTOR, length: data.length, sha256: sha256(data), readBack: sha256(back) }),
);
