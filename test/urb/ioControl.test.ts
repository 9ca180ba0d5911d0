import { expect } from 'chai';
import { toHex } from '../../codecs/core/json.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { IoControlCode, UsbHubName } from '../../codecs/urbdrc/ioControl.ts';
import { Hresult } from '../../codecs/urbdrc/status.ts';
import type { UsbOperation, UsbStatus } from '../../src/session/ports.ts';
import { type IoControlCompletionValue, translateIoControl } from '../../src/urb/ioControl.ts';
import { EMPTY } from './scriptedDevice.ts';

function control(
  code: number,
  size: number,
  status: UsbStatus = 'completed',
): { operations: UsbOperation[]; completion: IoControlCompletionValue } {
  const operations: UsbOperation[] = [];
  let step = translateIoControl(code, size, false, 4711);
  while (step.type === 'submit') {
    operations.push(step.operation);
    step = step.next({ status, data: EMPTY, transferred: 0 });
  }
  return { operations, completion: step.completion };
}

describe('IO_CONTROL at the device, [MS-RDPEUSB] 2.2.12', () => {
  const { IOCTL_INTERNAL_USB_RESET_PORT: RESET, IOCTL_INTERNAL_USB_CYCLE_PORT: CYCLE } = IoControlCode;

  it('RESET_PORT resets the device and CYCLE_PORT cycles its port; nothing comes back', () => {
    for (const [code, type] of [
      [RESET, 'resetDevice'],
      [CYCLE, 'cyclePort'],
    ] as const) {
      const { operations, completion } = control(code, 0);
      expect(operations).to.deep.equal([{ type }]);
      expect(completion).to.deep.equal({ hResult: 0, information: 0, outputBuffer: EMPTY });
    }
  });

  it('RESET_PORT and CYCLE_PORT tell of their failure', () => {
    expect(control(RESET, 0, 'failed').completion.hResult).to.equal(Hresult.ERROR_GEN_FAILURE);
    expect(control(CYCLE, 0, 'disconnected').completion.hResult).to.equal(Hresult.ERROR_DEVICE_NOT_CONNECTED);
    expect(control(CYCLE, 0, 'notSupported').completion.hResult).to.equal(Hresult.ERROR_NOT_SUPPORTED);
  });

  it('GET_PORT_STATUS says enabled and connected (2.2.12.2)', () => {
    const { completion } = control(IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS, 4);
    expect({ ...completion, outputBuffer: toHex(completion.outputBuffer) }).to.deep.equal({
      hResult: 0,
      information: 4,
      outputBuffer: '03000000',
    });
  });

  it('GET_HUB_COUNT has 4 bytes and GET_BUS_INFO 16, of type AcquireBusInfo (2.2.12.3, 2.2.12.6)', () => {
    expect(control(IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT, 4).completion.outputBuffer).to.have.length(4);
    const bus = control(IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO, 16).completion;
    expect(bus.information).to.equal(16);
    expect(toHex(bus.outputBuffer.subarray(0, 4))).to.equal('05000000');
  });

  it('GET_HUB_NAME and GET_CONTROLLER_NAME are a length and UTF-16 text (2.2.12.5, 2.2.12.7)', () => {
    const { IOCTL_INTERNAL_USB_GET_HUB_NAME: HUB, IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME: CONTROLLER } = IoControlCode;
    const [hub, controller] = [HUB, CONTROLLER].map((code) => {
      const { completion } = control(code, 256);
      expect(completion.information).to.equal(completion.outputBuffer.byteLength);
      return UsbHubName.decode(new Reader(completion.outputBuffer, 'USB_HUB_NAME', UsbHubName.spec)).hubName;
    });
    expect(hub).to.not.equal('');
    expect(controller).to.not.equal(hub);
    const busInfo = control(IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO, 16).completion.outputBuffer;
    expect(busInfo[12]).to.equal(controller!.length * 2);
  });

  it('with a buffer that is too small says how much it needs and fills what is there (2.2.7.1)', () => {
    for (const code of [
      IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS,
      IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME,
    ]) {
      const needed = control(code, 256).completion.information;
      for (const size of [0, 1, 3]) {
        const { completion } = control(code, size);
        expect(completion).to.include({ hResult: Hresult.ERROR_INSUFFICIENT_BUFFER, information: needed });
        expect(completion.outputBuffer).to.have.length(size);
      }
    }
  });

  it('of an unknown code is answered as not supported', () => {
    for (const code of [0x00220003, 0x00220017, 0x00220027, 0x00224000, 0]) {
      const { operations, completion } = control(code, 4);
      expect(operations).to.deep.equal([]);
      expect(completion).to.deep.equal({ hResult: Hresult.ERROR_NOT_SUPPORTED, information: 0, outputBuffer: EMPTY });
    }
  });
});

describe('INTERNAL_IO_CONTROL at the device, [MS-RDPEUSB] 2.2.13', () => {
  const internal = (code: number, size: number) => {
    const step = translateIoControl(code, size, true, 0x12345);
    if (step.type === 'submit') throw new Error('went to the device');
    return step.completion;
  };

  it('QUERY_BUS_TIME is the frame number', () => {
    const { hResult, information, outputBuffer } = internal(0x00224000, 4);
    expect([hResult, information, toHex(outputBuffer)]).to.deep.equal([0, 4, '45230100']);
  });

  it('knows no other code, not even those of IO_CONTROL', () => {
    for (const code of [0x00220007, 0x00220013, 1]) {
      expect(internal(code, 4).hResult).to.equal(Hresult.ERROR_NOT_SUPPORTED);
    }
  });
});
