/** `urbdrc redirect` with a device that takes no time: `redirectInstant.js URL`. */
import { RedirectionClient } from '../../src/engine/client.ts';
import { dial } from '../../transports/dial.ts';
import { InstantStick } from './instantStick.ts';

const client = new RedirectionClient(await dial(process.argv[2] ?? ''));
await client.attach(new InstantStick());
process.stderr.write('redirecting\n');
process.on('SIGINT', () => process.exit());
