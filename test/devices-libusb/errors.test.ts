import { expect } from 'chai';
import { statusOf } from '../../src/devices/libusb/errors.ts';
import { nativeError } from './softwareLibusb.ts';

describe("libusb's numbers", () => {
  // libusb.h: enum libusb_transfer_status above 0, enum libusb_error below.
  for (const [errno, status] of [
    [1, 'failed'],
    [2, 'timedOut'],
    [3, 'cancelled'],
    [4, 'stalled'],
    [5, 'disconnected'],
    [6, 'overflowed'],
    [-1, 'failed'],
    [-2, 'invalidParameter'],
    [-3, 'failed'],
    [-4, 'disconnected'],
    [-5, 'notFound'],
    [-6, 'busy'],
    [-7, 'timedOut'],
    [-8, 'overflowed'],
    [-9, 'stalled'],
    [-10, 'failed'],
    [-11, 'outOfMemory'],
    [-12, 'notSupported'],
    [-99, 'failed'],
    [-1000, 'failed'],
  ] as const)
    it(`${errno} is ${status}`, () => expect(statusOf(nativeError(errno))).to.equal(status));

  it('no error is completed, and an error of another kind failed', () => {
    expect(statusOf(undefined)).to.equal('completed');
    expect(statusOf(new Error('Device is not open'))).to.equal('failed');
  });
});
