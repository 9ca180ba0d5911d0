import { MassStorage, memoryPair, RedirectionClient, RedirectionServer } from 'urbdrc';
import { MassStorageStick, MemoryBlocks } from 'urbdrc/devices/virtual';
import { type RemoteDevice, RemoteUsb } from 'urbdrc';

// The server: it wants devices, and drives them through WebUSB.
const [clientEnd, serverEnd] = memoryPair();
const usb = new RemoteUsb();
const connected = new Promise<RemoteDevice>((resolve) => usb.addEventListener('connect', (e) => resolve(e.device)));
new RedirectionServer(serverEnd).watch((device) => void usb.attach(device));

// The client: it has a device, here a virtual stick of 1 MiB.
const client = new RedirectionClient(clientEnd);
await client.attach(new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(1024 * 1024)) }));

const storage = await MassStorage.open(await connected);
console.log(`${storage.sectorCount} sectors; the first is`, await storage.read(0, 1));
await client.close();
