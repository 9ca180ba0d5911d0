// Interrupt transfers: a keyboard's reports as they come, until an AbortSignal cancels the one that waits.
import { HidKeyboard } from 'urbdrc/devices/virtual';
import { memoryPair, RedirectionClient, RedirectionServer, type RemoteDevice, RemoteUsb } from 'urbdrc';

const [clientEnd, serverEnd] = memoryPair();
const usb = new RemoteUsb();
const connected = new Promise<RemoteDevice>((resolve) => {
  usb.addEventListener('connect', ({ device }) => resolve(device), { once: true });
});
new RedirectionServer(serverEnd).watch((device) => void usb.attach(device));

// A virtual keyboard; a real one comes from openLibusbDevices() of urbdrc/devices/libusb.
const keyboard = new HidKeyboard();
const client = new RedirectionClient(clientEnd);
await client.attach(keyboard);

const device = await connected;
await device.open();
await device.claimInterface(0);
const endpoint = device.configuration?.interfaces[0]?.alternate.endpoints.find(({ direction }) => direction === 'in');
if (endpoint === undefined) throw new Error('the keyboard has no interrupt endpoint');

keyboard.type('hi!');
for (;;) {
  // A report comes when a key moves; one that waits for half a second is cancelled. WebUSB has no such option.
  const signal = AbortSignal.timeout(500);
  const report = await device
    .transferIn(endpoint.endpointNumber, endpoint.packetSize, { signal })
    .catch(() => undefined);
  if (!report?.data) break;
  // Modifiers, a reserved byte, and the first of six keys, [HID 1.11] B.1.
  console.log(`modifiers ${report.data.getUint8(0)}, key ${report.data.getUint8(2)}`);
}
console.log('nobody types any more');
await device.close();
await client.close();
