import { expect } from 'chai';
import type { UsbBusQuery, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { EchoDevice } from './echoDevice.ts';
import { perform, stack } from './stack.ts';

/** Knows nothing of its bus. */
class PlainDevice extends EchoDevice {
  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type !== 'queryBus') return super.submit(operation, complete);
    complete({ status: 'notSupported', data: new Uint8Array(0), transferred: 0 });
    return { cancel() {} };
  }
}

async function askedOf(device: EchoDevice, ...queries: UsbBusQuery[]) {
  const { host, client } = stack({ client: { clock: new VirtualClock(86_400_000.9) } });
  await client.attach(device);
  const redirected = await host.added();
  const answers = [];
  for (const query of queries) {
    const { status, busAnswer } = await perform(redirected, { type: 'queryBus', query });
    expect(status).to.equal('completed');
    answers.push(busAnswer);
  }
  return { answers, client, redirected };
}

describe('what a host can ask of the bus of a redirected device', () => {
  it('is answered from its place in the client where the device does not know', async () => {
    const { answers, client } = await askedOf(
      new PlainDevice({ busNumber: 3, portPath: '3-1.2', speed: 'high' }),
      ...(['frameNumber', 'busTime', 'portStatus', 'hubCount', 'hubName', 'controllerName', 'busInformation'] as const),
    );
    expect(answers).to.deep.equal([
      { query: 'frameNumber', frameNumber: 86_400_000 },
      { query: 'busTime', frameNumber: 86_400_000 },
      { query: 'portStatus', isConnected: true, isEnabled: true },
      { query: 'hubCount', hubCount: 2 },
      { query: 'hubName', name: 'USB#HUB#3-1' },
      { query: 'controllerName', name: 'USB#HOST_CONTROLLER#3' },
      { query: 'busInformation', totalBandwidth: 480_000_000, consumedBandwidth: 0, controllerNameLength: 42 },
    ]);
    await client.close();
  });

  it('is answered by the first client where a device is redirected twice', async () => {
    const first = await askedOf(new PlainDevice({ busNumber: 3, portPath: '3-1.2' }));
    const { host, client } = stack();
    await client.attach(first.redirected);
    const twice = await host.added();
    const { busAnswer } = await perform(twice, { type: 'queryBus', query: 'hubName' });
    expect(busAnswer).to.deep.equal({ query: 'hubName', name: 'USB#HUB#3-1' });
    await client.close();
    await first.client.close();
  });
});
