import { expect } from 'chai';
import type { MeteredRequest } from '../../../src/metrics/meteredDevice.ts';
import { RATE_SECONDS, Rates } from '../../../src/web/model/rates.ts';

const request = (more: Partial<MeteredRequest>): MeteredRequest => ({
  transfer: 'bulk',
  status: 'completed',
  direction: 'in',
  bytes: 0,
  seconds: undefined,
  ...more,
});

describe('rates of a device in a page', () => {
  it('count the bytes of each direction and the mean time, in whole seconds that have ended', () => {
    const rates = new Rates();
    rates.note(request({ bytes: 10, seconds: 0.002 }), 5000);
    rates.note(request({ bytes: 20, seconds: 0.004 }), 5999);
    rates.note(request({ bytes: 7, direction: 'out' }), 5500);
    rates.note(request({ bytes: 99 }), 6000);
    expect(rates.at(6000).at(-1)).to.deep.equal({ bytesIn: 30, bytesOut: 7, latency: 3 });
    expect(rates.at(6000).at(-2)).to.deep.equal({ bytesIn: 0, bytesOut: 0, latency: undefined });
    expect(rates.at(7999).at(-1)).to.deep.equal({ bytesIn: 99, bytesOut: 0, latency: undefined });
  });

  it('keep a minute, however long the device is there', () => {
    const rates = new Rates();
    for (let second = 0; second < 1000; second += 1) rates.note(request({ bytes: second }), 1000 * second);
    const seconds = rates.at(1_000_000);
    expect(seconds).to.have.length(RATE_SECONDS);
    expect(seconds.map(({ bytesIn }) => bytesIn)).to.deep.equal(
      Array.from({ length: RATE_SECONDS }, (_, index) => 1000 - RATE_SECONDS + index),
    );
    expect(rates.at(1_100_000).every(({ bytesIn }) => bytesIn === 0)).to.equal(true);
  });
});
