import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import {
  TS_URB_SPECS,
  URB_FUNCTIONS,
  type UrbFunctionName,
  urbFunctionByName,
} from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbOperation } from '../../../src/ports/usb.ts';
import { ok, ScriptedDevice } from './scriptedDevice.ts';

const OS_STRING = fromHex('12 03 4d00 5300 4600 5400 3100 3000 3000 20 00');

/** Fields of a TS_URB, OutputBufferSize (or OUT data), and the setup packet that the device must get. */
interface Row {
  readonly fields: object;
  readonly size: number;
  readonly carrier?: 'out';
  readonly setup: string;
}

const descriptor = { index: 0x02, descriptorType: 0x22, languageId: 0x0409 };
const feature = { featureSelector: 0x1234, index: 0x5678 };
const status = { index: 0x5678 };
const request = { requestTypeReservedBits: 0, request: 0xab, value: 0x1234, index: 0x5678 };
const requestIn = { ...request, transferFlags: 3 };
const requestOut = { ...request, transferFlags: 0 };
const default_ = { pipeHandle: 0, transferFlags: 0xb };
const setupPacket = { bmRequestType: 0xc3, bRequest: 0xab, wValue: 0x1234, wIndex: 0x5678, wLength: 9 };

// Written by hand from [MS-RDPEUSB] 2.2.9.6 to 2.2.9.16 and [USB 2.0] 9.3 and 9.4.
const rows: Readonly<Record<string, readonly Row[]>> = {
  CONTROL_TRANSFER: [{ fields: { ...default_, setupPacket }, size: 9, setup: 'c3ab341278560900' }],
  CONTROL_TRANSFER_EX: [{ fields: { ...default_, timeout: 1, setupPacket }, size: 9, setup: 'c3ab341278560900' }],
  GET_DESCRIPTOR_FROM_DEVICE: [{ fields: descriptor, size: 0x140, setup: '8006022209044001' }],
  SET_DESCRIPTOR_TO_DEVICE: [{ fields: descriptor, size: 4, carrier: 'out', setup: '0007022209040400' }],
  GET_DESCRIPTOR_FROM_INTERFACE: [{ fields: descriptor, size: 0x140, setup: '8106022209044001' }],
  SET_DESCRIPTOR_TO_INTERFACE: [{ fields: descriptor, size: 4, carrier: 'out', setup: '0107022209040400' }],
  GET_DESCRIPTOR_FROM_ENDPOINT: [{ fields: descriptor, size: 0x140, setup: '8206022209044001' }],
  SET_DESCRIPTOR_TO_ENDPOINT: [{ fields: descriptor, size: 4, carrier: 'out', setup: '0207022209040400' }],
  SET_FEATURE_TO_DEVICE: [{ fields: feature, size: 0, setup: '0003341278560000' }],
  SET_FEATURE_TO_INTERFACE: [{ fields: feature, size: 0, setup: '0103341278560000' }],
  SET_FEATURE_TO_ENDPOINT: [{ fields: feature, size: 0, setup: '0203341278560000' }],
  SET_FEATURE_TO_OTHER: [{ fields: feature, size: 0, setup: '0303341278560000' }],
  CLEAR_FEATURE_TO_DEVICE: [{ fields: feature, size: 0, setup: '0001341278560000' }],
  CLEAR_FEATURE_TO_INTERFACE: [{ fields: feature, size: 0, setup: '0101341278560000' }],
  CLEAR_FEATURE_TO_ENDPOINT: [{ fields: feature, size: 0, setup: '0201341278560000' }],
  CLEAR_FEATURE_TO_OTHER: [{ fields: feature, size: 0, setup: '0301341278560000' }],
  GET_STATUS_FROM_DEVICE: [{ fields: status, size: 2, setup: '8000000078560200' }],
  GET_STATUS_FROM_INTERFACE: [{ fields: status, size: 2, setup: '8100000078560200' }],
  GET_STATUS_FROM_ENDPOINT: [{ fields: status, size: 2, setup: '8200000078560200' }],
  GET_STATUS_FROM_OTHER: [{ fields: status, size: 2, setup: '8300000078560200' }],
  CLASS_DEVICE: bothWays('a0ab34127856', '20ab34127856'),
  CLASS_INTERFACE: bothWays('a1ab34127856', '21ab34127856'),
  CLASS_ENDPOINT: bothWays('a2ab34127856', '22ab34127856'),
  CLASS_OTHER: bothWays('a3ab34127856', '23ab34127856'),
  VENDOR_DEVICE: bothWays('c0ab34127856', '40ab34127856'),
  VENDOR_INTERFACE: bothWays('c1ab34127856', '41ab34127856'),
  VENDOR_ENDPOINT: bothWays('c2ab34127856', '42ab34127856'),
  VENDOR_OTHER: bothWays('c3ab34127856', '43ab34127856'),
  GET_CONFIGURATION: [{ fields: {}, size: 1, setup: '8008000000000100' }],
  GET_INTERFACE: [{ fields: { interface: 0x5678 }, size: 1, setup: '810a000078560100' }],
  GET_MS_FEATURE_DESCRIPTOR: [
    {
      fields: { recipient: 1, interfaceNumber: 2, msPageIndex: 3, msFeatureDescriptorIndex: 5 },
      size: 0x10,
      setup: 'c120030205001000',
    },
  ],
};

function bothWays(setupIn: string, setupOut: string): Row[] {
  return [
    { fields: requestIn, size: 3, setup: `${setupIn}0300` },
    { fields: requestOut, size: 3, carrier: 'out', setup: `${setupOut}0300` },
    { fields: requestOut, size: 0, carrier: 'out', setup: `${setupOut}0000` },
  ];
}

describe('TS_URB in, setup packet out', () => {
  for (const [shortName, cases] of Object.entries(rows)) {
    const info = urbFunctionByName(shortName)!;
    for (const { fields, size, carrier = 'in', setup } of cases) {
      it(`${shortName} ${carrier} (${TS_URB_SPECS[info.structure].section}): ${setup}`, () => {
        const tsUrb = { name: info.structure, urbFunction: info.code, ...fields } as unknown as TsUrb;
        const device = new ScriptedDevice();
        device.answers = (operation) => ok(answerTo(operation));
        const data = Uint8Array.from({ length: size }, (_, index) => index);
        const { operations, completion } = carrier === 'in' ? device.in(tsUrb, size) : device.out(tsUrb, data);

        const operation = operations.at(-1);
        if (operation?.type !== 'control') throw new Error('no control transfer reached the device');
        expect(toHex(joinParts(SetupPacket.encode(operation.setup)))).to.equal(setup);
        expect(completion.tsUrbResult).to.deep.equal({ name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 });
        expect(completion.hResult).to.equal(0);
        if (carrier === 'out') {
          expect(operation.data).to.equal(data);
        } else {
          expect(operation.data).to.have.length(0);
          expect(completion.data).to.have.length(size);
        }
      });
    }
  }

  it('covers all 31 functions that are control transfers', () => {
    const controlLike = URB_FUNCTIONS.filter(
      ({ name, control }) => control !== undefined || /CONTROL_TRANSFER|MS_FEATURE/.test(name),
    );
    expect(controlLike).to.have.length(31);
    const named = Object.keys(rows).map((name): UrbFunctionName => `URB_FUNCTION_${name}` as UrbFunctionName);
    expect(named).to.have.members(controlLike.map(({ name }) => name));
  });
});

function answerTo(operation: UsbOperation): Uint8Array {
  if (operation.type !== 'control' || (operation.setup.bmRequestType & 0x80) === 0) return new Uint8Array(0);
  return operation.setup.wValue === 0x03ee ? OS_STRING : new Uint8Array(operation.setup.wLength);
}
