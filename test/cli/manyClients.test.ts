import { expect } from 'chai';
import { dial } from '../../transports/dial.ts';
import { Scene } from './connections.ts';

/** Node warns from the 11th listener of one signal on. */
const CLIENTS = 14;

describe('urbdrc serve with many clients', () => {
  it('has one listener on its stop signal, however many come: Node does not warn of a leak', async () => {
    const scene = await Scene.begin();
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warned);
    try {
      const { running, url } = await scene.listen(['serve'], 'tcp://127.0.0.1:0');
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => dial(url)));
      const closed = clients.map(
        (client) =>
          new Promise<void>((resolve) => {
            client.start({ received: () => {}, drained: () => {}, closed: () => resolve() });
          }),
      );
      for (let each = 0; each < CLIENTS; each += 1) await running.line(/^client \S+ connected$/);
      // The stop reaches all of them.
      running.stop();
      await Promise.all(closed);
      expect(await running.exit).to.equal(0);
      await Promise.all(clients.map((client) => client.close()));
    } finally {
      process.off('warning', warned);
      await scene.end();
    }
    expect(warnings).to.deep.equal([]);
  });
});
