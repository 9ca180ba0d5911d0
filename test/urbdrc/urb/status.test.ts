import { expect } from 'chai';
import fc from 'fast-check';
import { Hresult, isFailure, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { UsbStatus } from '../../../src/ports/usb.ts';
import { statusPair, transferStatusPair, usbStatusOf, usbStatusOfHresult } from '../../../src/urbdrc/urb/status.ts';

const STATUSES: readonly UsbStatus[] = [
  'completed',
  'stalled',
  'cancelled',
  'timedOut',
  'disconnected',
  'overflowed',
  'notSupported',
  'invalidParameter',
  'notFound',
  'busy',
  'badStartFrame',
  'noBandwidth',
  'outOfMemory',
  'failed',
];

describe('statuses of completions, [MS-RDPEUSB] 2.2.7.2', () => {
  for (const status of STATUSES) {
    it(`${status} comes back as ${status}, and both statuses agree about success`, () => {
      const { usbdStatus, hResult } = statusPair(status);
      expect(usbStatusOf(usbdStatus, hResult)).to.equal(status);
      expect(usbdStatus === 0).to.equal(status === 'completed');
      expect(isFailure(hResult)).to.equal(status !== 'completed');
    });
  }

  it('a transfer that was stalled, cancelled or timed out has S_OK, which IronRDP asks for', () => {
    const good = STATUSES.filter((status) => !isFailure(transferStatusPair(status).hResult));
    expect(good).to.deep.equal(['completed', 'stalled', 'cancelled', 'timedOut']);
    for (const status of STATUSES) {
      const { usbdStatus, hResult } = transferStatusPair(status);
      expect(usbdStatus).to.equal(statusPair(status).usbdStatus);
      expect(usbStatusOf(usbdStatus, hResult)).to.equal(status);
    }
  });

  it("FreeRDP's libusb numbers 1 to 6 are failures", () => {
    const seen = [1, 2, 3, 4, 5, 6].map((usbdStatus) => usbStatusOf(usbdStatus, 0));
    expect(seen).to.deep.equal(['failed', 'timedOut', 'cancelled', 'stalled', 'disconnected', 'overflowed']);
  });

  it('a short transfer completed, as mstsc reports it', () => {
    expect(usbStatusOf(UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER, Hresult.ERROR_GEN_FAILURE)).to.equal('completed');
  });

  it('UsbdStatus says more than HResult; without it HResult counts', () => {
    expect(usbStatusOf(UsbdStatus.USBD_STATUS_STALL_PID, Hresult.ERROR_GEN_FAILURE)).to.equal('stalled');
    expect(usbStatusOf(0, Hresult.ERROR_OPERATION_ABORTED)).to.equal('cancelled');
    expect(usbStatusOf(0, Hresult.ERROR_INVALID_PARAMETER)).to.equal('invalidParameter');
    expect(usbStatusOf(0, Hresult.ERROR_GEN_FAILURE)).to.equal('failed');
    expect(usbStatusOfHresult(Hresult.ERROR_NOT_ENOUGH_MEMORY)).to.equal('outOfMemory');
    expect(usbStatusOfHresult(13)).to.equal('completed');
  });

  it("any USBD_STATUS but the short transfers' is a failure unless it is 0", () => {
    const short: readonly number[] = [
      UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER,
      UsbdStatus.USBD_STATUS_DATA_UNDERRUN,
    ];
    const any = fc.oneof(fc.constantFrom(...Object.values(UsbdStatus)), fc.integer({ min: 1, max: 0xffff_ffff }));
    fc.assert(
      fc.property(any, (usbdStatus) => {
        const completed = usbdStatus === 0 || short.includes(usbdStatus);
        expect(usbStatusOf(usbdStatus, 0) === 'completed').to.equal(completed);
      }),
    );
  });
});
