import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { messageOf } from '../../../codecs/core/protocol.ts';
import {
  InternalIoControlCode,
  IoControlCode,
  ioControlCodeName,
  UlongOutput,
} from '../../../codecs/urbdrc/ioControl.ts';
import { Hresult, hresultName, isFailure, UsbdStatus, usbdStatusName } from '../../../codecs/urbdrc/status.ts';
import { URBDRC_PROTOCOL } from '../../../codecs/urbdrc/urbdrcProtocol.ts';
import { testVectors, type Vector, vectorsOf } from '../vectors.ts';

describe('structures in URBDRC messages (2.2.11, 2.2.12)', () => {
  const structures = ['USB_DEVICE_CAPABILITIES', 'USB_BUS_NOTIFICATION', 'USB_HUB_NAME'];
  // A name that ends early is legal: a small output buffer cuts it anywhere.
  const promised = (hex: string) => 4 + (fromHex(hex)[0] ?? 0);
  const outcome = ({ hex, folder }: Vector, length: number) =>
    folder === 'USB_HUB_NAME' && length >= 4 && length <= promised(hex) ? 'decodes' : undefined;
  testVectors(vectorsOf(URBDRC_PROTOCOL, 'folder', { includes: (folder) => structures.includes(folder), outcome }));
});

describe('the 4 bytes of port status, hub count and bus time (2.2.12, 2.2.13)', () => {
  const decode = (bytes: Uint8Array) => messageOf(UlongOutput, 'client').decode(bytes, {});

  it('are a little-endian number', () => {
    expect(decode(fromHex('534b5f1a'))).to.equal(0x1a5f4b53);
    expect(joinParts(UlongOutput.encode(0x1a5f4b53))).to.deep.equal(fromHex('534b5f1a'));
  });

  it('are neither fewer nor more', () => {
    expect(() => decode(fromHex('534b5f'))).to.throw('ULONG.Value: needs 4 bytes, 3 left');
    expect(() => decode(fromHex('0000000003050000'))).to.throw('ULONG: 4 bytes follow the last field');
  });
});

describe('IO control codes (2.2.12, 2.2.13)', () => {
  it('are the numbers that the Windows driver kit composes', () => {
    // CTL_CODE(FILE_DEVICE_USB 0x22, function, method, FILE_ANY_ACCESS)
    const code = (functionNumber: number, method: number) => (0x22 << 16) | (functionNumber << 2) | method;
    expect(IoControlCode.IOCTL_INTERNAL_USB_RESET_PORT).to.equal(code(1, 3));
    expect(IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS).to.equal(code(4, 3));
    expect(IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT).to.equal(code(6, 3));
    expect(IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT).to.equal(code(7, 3));
    expect(IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME).to.equal(code(8, 0));
    expect(IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO).to.equal(code(264, 0));
    expect(IoControlCode.IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME).to.equal(code(265, 0));
    expect(InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME).to.equal(code(0x1000, 0));
  });

  it('have names, and unknown ones a number', () => {
    expect(ioControlCodeName(0x220007)).to.equal('IOCTL_INTERNAL_USB_RESET_PORT');
    expect(ioControlCodeName(0x224000)).to.equal('IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME');
    expect(ioControlCodeName(0x220003)).to.equal('0x00220003');
  });
});

describe('status codes (2.2.10.1.1)', () => {
  it('UsbdStatus: the class bits fit the names', () => {
    for (const [name, value] of Object.entries(UsbdStatus)) {
      const expected = { USBD_STATUS_SUCCESS: 0, USBD_STATUS_PENDING: 1 }[name];
      if (expected !== undefined) expect(value >>> 30, name).to.equal(expected);
      else expect(value >>> 30, name).to.be.at.least(2);
    }
    expect(new Set(Object.values(UsbdStatus)).size).to.equal(Object.keys(UsbdStatus).length);
  });

  it('UsbdStatus: names, and numbers for what has none', () => {
    expect(usbdStatusName(0xc000_0004)).to.equal('USBD_STATUS_STALL_PID');
    expect(usbdStatusName(0xc001_0000)).to.equal('USBD_STATUS_CANCELED');
    expect(usbdStatusName(4)).to.equal('0x00000004');
  });

  it('HRESULT: names, numbers and which are failures', () => {
    expect(hresultName(Hresult.S_OK)).to.equal('S_OK');
    expect(hresultName(0x8007_001f)).to.equal('ERROR_GEN_FAILURE');
    expect(hresultName(13)).to.equal('0x0000000d');
    expect(isFailure(Hresult.S_OK)).to.be.false;
    expect(isFailure(13)).to.be.false;
    expect(isFailure(Hresult.ERROR_INSUFFICIENT_BUFFER)).to.be.true;
  });
});
