import { expect } from 'chai';
import { DeviceRow, orphansOf } from '../../src/hub/deviceRow.ts';
import { JudgedDevice } from '../../src/usb/judgedDevice.ts';
import { FakeSink, FakeSource } from './hubFakes.ts';

/** A row of a device at a sink, as a hub has it. */
function attached() {
  const [source, sink] = [new FakeSource('client'), new FakeSink('left')];
  const device = source.plug();
  const row = new DeviceRow(1, device, source, new JudgedDevice(device, () => {}));
  row.share.claim({ claimant: { sink, name: 'left' }, want: 'normal', wait: 0 }, FREE, 0);
  row.state = { name: 'attaching', sink };
  return { row, source, sink, device, sources: new Map([[source, source]]), sinks: new Set([sink]) };
}

const FREE = { action: 'refuse', reason: 'somebody has it', notice: 0 } as const;

describe('a sweep of the hub’s table', () => {
  it('finds nothing where all is there', () => {
    const { row, sources, sinks } = attached();
    expect(orphansOf(row, sources, sinks)).to.deep.equal([]);
  });

  it('tells of a device whose source is gone', () => {
    const { row, sinks } = attached();
    expect(orphansOf(row, new Map(), sinks)).to.deep.equal(['device 1 is of client, which is gone']);
  });

  it('tells of a device whose sink is gone', () => {
    const { row, sources } = attached();
    expect(orphansOf(row, sources, new Set())).to.deep.equal(['device 1 is at left, which is gone']);
  });

  it('tells of a device that is gone', () => {
    const { row, source, device, sources, sinks } = attached();
    source.unplug(device);
    expect(orphansOf(row, sources, sinks)).to.deep.equal(['device 1 of client is gone']);
  });

  it('tells of a free device that counts as somebody’s', () => {
    const { row, sources, sinks } = attached();
    row.state = { name: 'free' };
    expect(orphansOf(row, sources, sinks)).to.deep.equal(['device 1 is free, and counts as that of left']);
  });
});
