/**
 * The USB/IP server and the device in one process: `oneProcess.js PORT single|direct`. `single` has the whole protocol in
 * between, over memory; `direct` nothing.
 */
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { UsbipServer } from '../../src/hosts/usbipServer/usbipServer.ts';
import { systemClock } from '../../src/systemClock.ts';
import { memoryPair } from '../../transports/memory.ts';
import { InstantStick } from './instantStick.ts';

const host = await UsbipServer.listen({ clock: systemClock, port: Number(process.argv[2]) });
const device = new InstantStick();
if (process.argv[3] === 'direct') {
  await host.attach(device);
} else {
  const [near, far] = memoryPair();
  const server = new RedirectionServer(far);
  const exported = new Promise((resolve) => server.watch((redirected) => resolve(host.attach(redirected))));
  await new RedirectionClient(near).attach(device);
  await exported;
}
process.stderr.write('exported\n');
process.on('SIGINT', () => process.exit());
