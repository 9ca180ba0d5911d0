// A relay: takes the devices that clients redirect to it, and redirects them on to another server.
//
//   npx tsx examples/relay.ts tcp://127.0.0.1:3000 tcp://127.0.0.1:4000
import { Hub, RedirectionClient, RedirectionServer, systemClock } from 'urbdrc';
import { dial, listen } from 'urbdrc/node';

const [from = 'tcp://127.0.0.1:3000', to = 'tcp://127.0.0.1:4000'] = process.argv.slice(2);

const hub = new Hub({
  clock: systemClock,
  onEvent: (event) => {
    if (event.type === 'attached') console.log(`${event.entry.device.identity.productName ?? 'a device'} goes on`);
    if (event.type === 'gone') console.log(`${event.entry.device.identity.productName ?? 'a device'} is gone`);
  },
});
await hub.addSink(new RedirectionClient(await dial(to)));
const listener = await listen(from, {}, (transport) => {
  void hub.addSource(new RedirectionServer(transport));
});
console.log(`listening on ${listener.url}`);
