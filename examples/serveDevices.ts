// A server: tells what clients redirect, through WebUSB, until it is stopped with Ctrl-C.
//
//   npx tsx examples/serveDevices.ts tcp://127.0.0.1:3000
import { listen } from 'urbdrc/node';
import { RedirectionServer, type RemoteDevice, RemoteUsb } from 'urbdrc';

const [url = 'tcp://127.0.0.1:3000'] = process.argv.slice(2);

const usb = new RemoteUsb();
usb.addEventListener('connect', ({ device }) => {
  show(device).catch((error: unknown) => console.error(device.productName, error));
});
usb.addEventListener('disconnect', ({ device }) => console.log(`${device.productName ?? 'a device'} is gone`));

const listener = await listen(url, {}, (transport) => {
  new RedirectionServer(transport).watch((device) => void usb.attach(device));
});
console.log(`listening on ${listener.url}`);

/** Everything here is as in a browser. */
async function show(device: RemoteDevice): Promise<void> {
  await device.open();
  console.log(`${device.manufacturerName ?? ''} ${device.productName ?? ''}, USB ${device.usbVersionMajor}`);
  for (const { interfaceNumber, alternate } of device.configuration?.interfaces ?? []) {
    const endpoints = alternate.endpoints.map(({ endpointNumber, direction, type }) => {
      return `${type} ${direction} ${endpointNumber}`;
    });
    console.log(`  interface ${interfaceNumber}, class ${alternate.interfaceClass}: ${endpoints.join(', ')}`);
  }
  // GET_STATUS of the device, [USB 2.0] 9.4.5.
  const setup = { requestType: 'standard', recipient: 'device', request: 0, value: 0, index: 0 } as const;
  const { data } = await device.controlTransferIn(setup, 2);
  console.log(`  self powered: ${((data?.getUint8(0) ?? 0) & 1) === 1 ? 'yes' : 'no'}`);
  await device.close();
}
