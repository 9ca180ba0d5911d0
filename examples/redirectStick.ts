// A client: redirects a stick until the server closes the connection or Ctrl-C is pressed.
//
//   npx tsx examples/redirectStick.ts tcp://127.0.0.1:3000 46f4:0001     a real one
//   npx tsx examples/redirectStick.ts tcp://127.0.0.1:3000 disk.img      a virtual one
import { dial, ImageFile } from 'urbdrc/node';
import { MassStorageStick, VirtualDevices } from 'urbdrc/devices/virtual';
import { RedirectionClient, type UsbDeviceSource } from 'urbdrc';
import { openLibusbDevices } from 'urbdrc/devices/libusb';

const [url = 'tcp://127.0.0.1:3000', what = '46f4:0001'] = process.argv.slice(2);

const source = await openSource(what);
const [device] = (await source.list()).filter(({ identity }) => {
  const hex = (id: number) => id.toString(16).padStart(4, '0');
  return source instanceof VirtualDevices || what === `${hex(identity.vendorId)}:${hex(identity.productId)}`;
});
if (device === undefined) throw new Error(`no ${what} is plugged in`);

const client = new RedirectionClient(await dial(url));
process.once('SIGINT', () => void client.close());

const redirection = await client.attach(device);
await Promise.race([redirection.announced, redirection.ended]);
console.log(`${device.identity.productName ?? what} is redirected to ${url}`);

const { reason } = await redirection.ended;
const { requests, bytesIn, bytesOut } = redirection.statistics;
console.log(`it is back (${reason}) after ${requests} requests, ${bytesIn} bytes in and ${bytesOut} bytes out`);
await client.close();
await source.close();

async function openSource(name: string): Promise<UsbDeviceSource> {
  if (/^[0-9a-f]{4}:[0-9a-f]{4}$/.test(name)) return openLibusbDevices();
  const virtual = new VirtualDevices();
  virtual.add(new MassStorageStick({ blocks: await ImageFile.open(name) }));
  return virtual;
}
