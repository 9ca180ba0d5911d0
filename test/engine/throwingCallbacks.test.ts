import { expect } from 'chai';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { EchoDevice } from './echoDevice.ts';
import { FakeClient } from './fakePeer.ts';
import { configure, perform, stack, turns } from './stack.ts';

const fail = () => {
  throw new Error('broken');
};

describe('a callback of the program that throws', () => {
  it('ends neither the connection nor the process, and is told, at both ends', async () => {
    const told: string[] = [];
    const onCallbackFailed = (error: Error) => told.push(error.message);
    const broken = { onIgnored: fail, onMessage: fail, onChannel: fail, onCallbackFailed };
    const { client, host } = stack({
      client: broken,
      server: { ...broken, onDeviceFailed: fail, onPeerRecognised: fail },
    });
    await client.attach(new EchoDevice());
    const device = await host.added();
    expect((await configure(device)).status).to.equal('completed');
    expect(told.length).to.be.above(10);
    expect(new Set(told)).to.deep.equal(new Set(['broken']));
    await client.close();
  });

  it('does so also where its promise rejects, and where the one who is told throws, too', async () => {
    const told: string[] = [];
    const onMessage: () => unknown = () => Promise.reject(new Error('later'));
    const onCallbackFailed = (error: Error) => {
      told.push(error.message);
      fail();
    };
    const { client, host } = stack({ client: { onMessage, onCallbackFailed } });
    await client.attach(new EchoDevice());
    await host.added();
    await turns();
    expect(new Set(told)).to.deep.equal(new Set(['later']));
    await client.close();
  });

  it('does not keep what is malformed from being dropped', async () => {
    const [near, far] = memoryPair();
    const told: string[] = [];
    const server = new RedirectionServer(far, {
      clock: new VirtualClock(),
      onIgnored: fail,
      onDeviceFailed: fail,
      onCallbackFailed: (error) => told.push(error.message),
    });
    const client = new FakeClient(near);
    client.send(await client.open(), Uint8Array.of(1, 2, 3));
    await turns();
    expect(told).to.deep.equal(['broken']);
    await server.close();
  });

  it('retracts the device where the promise of a watcher rejects (MS-RDPEUSB 2.2.6.9)', async () => {
    const { client, server, host, failed } = stack();
    server.watch(async ({ ids }) => {
      await turns(1);
      if (ids.hardwareIds[1]?.endsWith('0001') === true) throw new Error('not this one');
    });
    const refused = await client.attach(new EchoDevice({ productId: 1 }));
    expect(await refused.ended).to.deep.equal({ reason: 'refused' });
    await client.attach(new EchoDevice({ productId: 2 }));
    const kept = await host.added(2);
    expect((await perform(kept, { type: 'setConfiguration', configurationValue: 1 })).status).to.equal('completed');
    expect(failed).to.deep.equal(['not this one']);
    await client.close();
  });

  it('leaves another connection alone', async () => {
    const first = stack({ server: { onIgnored: fail, onMessage: fail } });
    const [near, far] = memoryPair();
    const second = new RedirectionServer(far);
    const client = new RedirectionClient(near);
    await first.client.attach(new EchoDevice());
    await client.attach(new EchoDevice());
    await first.host.added();
    await turns();
    expect(await second.list()).to.have.length(1);
    await Promise.all([first.client.close(), client.close()]);
  });
});
