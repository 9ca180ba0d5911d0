import { expect } from 'chai';
import { describeDistance } from '../../src/cli/peerOption.ts';

const none = { commands: 0, overlapped: 0, fallenBack: {} };

describe('what serve says about the distance of a client', () => {
  it('is nothing before an answer has shown it', () => {
    expect(describeDistance({ ...none, roundTrip: undefined })).to.equal(undefined);
  });

  it('is the round trip, and with mass storage what hid it', () => {
    expect(describeDistance({ ...none, roundTrip: 3.14 })).to.equal('3.1 ms away and back');
    expect(
      describeDistance({ roundTrip: 51.4, commands: 12, overlapped: 11, fallenBack: { busy: 1, dropped: 2 } }),
    ).to.equal('51 ms away and back, 12 SCSI commands, 11 overlapped; fell back: busy 1, dropped 2');
    expect(describeDistance({ roundTrip: 50, commands: 1, overlapped: 1, fallenBack: {} })).to.equal(
      '50 ms away and back, 1 SCSI command, 1 overlapped',
    );
  });
});
