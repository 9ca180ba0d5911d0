import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { IoControlCode, UsbHubName } from '../../../codecs/urbdrc/ioControl.ts';
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type { UsbBusAnswer, UsbOperation, UsbResult, UsbSpeed, UsbStatus } from '../../../src/ports/usb.ts';
import type { IoControlCompletion } from '../../../src/urbdrc/exchange.ts';
import { translateIoControl } from '../../../src/urbdrc/urb/ioControl.ts';
import { BUS_FACTS, EMPTY } from './scriptedDevice.ts';

/** The device's end of the bus knows nothing. */
const unknown = (status: UsbStatus = 'notSupported'): UsbResult => ({ status, data: EMPTY, transferred: 0 });

function control(
  code: number,
  size: number,
  answer: UsbResult = unknown(),
  { internal = false, facts = BUS_FACTS } = {},
): { operations: UsbOperation[]; completion: IoControlCompletion } {
  const operations: UsbOperation[] = [];
  let step = translateIoControl(code, size, internal, facts);
  while (step.type === 'submit') {
    operations.push(step.operation);
    step = step.next(answer);
  }
  return { operations, completion: step.completion };
}

/** The facts of a device in this place. */
const at = (portPath: string, speed: UsbSpeed = 'full') => ({
  facts: { ...BUS_FACTS, identity: { ...BUS_FACTS.identity, portPath, speed } },
});

/** Of bus 1. */
const CONTROLLER = 'USB#HOST_CONTROLLER#1';

describe('IO_CONTROL at the device, [MS-RDPEUSB] 2.2.12', () => {
  const {
    IOCTL_INTERNAL_USB_RESET_PORT: RESET,
    IOCTL_INTERNAL_USB_CYCLE_PORT: CYCLE,
    IOCTL_INTERNAL_USB_GET_PORT_STATUS: PORT_STATUS,
    IOCTL_INTERNAL_USB_GET_HUB_COUNT: HUB_COUNT,
    IOCTL_INTERNAL_USB_GET_BUS_INFO: BUS_INFO,
    IOCTL_INTERNAL_USB_GET_HUB_NAME: HUB_NAME,
    IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME: CONTROLLER_NAME,
  } = IoControlCode;
  const output = (code: number, size: number, place = at('1-4.1')) =>
    toHex(control(code, size, unknown(), place).completion.outputBuffer);
  const nameIn = ({ completion }: ReturnType<typeof control>) => {
    expect(completion.information).to.equal(completion.outputBuffer.byteLength);
    return UsbHubName.decode(new Reader(completion.outputBuffer, 'USB_HUB_NAME', UsbHubName.spec)).hubName;
  };

  it('RESET_PORT resets the device and CYCLE_PORT cycles its port; nothing comes back', () => {
    for (const [code, type] of [
      [RESET, 'resetDevice'],
      [CYCLE, 'cyclePort'],
    ] as const) {
      const { operations, completion } = control(code, 0, unknown('completed'));
      expect(operations).to.deep.equal([{ type }]);
      expect(completion).to.deep.equal({ hResult: 0, information: 0, outputBuffer: EMPTY });
    }
  });

  it('RESET_PORT and CYCLE_PORT tell of their failure', () => {
    const hResultOf = (code: number, status: UsbStatus) => control(code, 0, unknown(status)).completion.hResult;
    expect(hResultOf(RESET, 'failed')).to.equal(Hresult.ERROR_GEN_FAILURE);
    expect(hResultOf(RESET, 'busy')).to.equal(Hresult.ERROR_BUSY);
    expect(hResultOf(RESET, 'timedOut')).to.equal(Hresult.ERROR_SEM_TIMEOUT);
    expect(hResultOf(CYCLE, 'disconnected')).to.equal(Hresult.ERROR_DEVICE_NOT_CONNECTED);
    expect(hResultOf(CYCLE, 'notSupported')).to.equal(Hresult.ERROR_NOT_SUPPORTED);
  });

  it('GET_PORT_STATUS says enabled and connected, as the device is open (2.2.12.2)', () => {
    const { operations, completion } = control(PORT_STATUS, 4);
    expect(operations).to.deep.equal([{ type: 'queryBus', query: 'portStatus' }]);
    expect({ ...completion, outputBuffer: toHex(completion.outputBuffer) }).to.deep.equal({
      hResult: 0,
      information: 4,
      outputBuffer: '03000000',
    });
  });

  it('GET_HUB_COUNT counts the hubs up to the root (2.2.12.3)', () => {
    expect(output(HUB_COUNT, 4, at('1-4'))).to.equal('01000000');
    expect(output(HUB_COUNT, 4, at('1-4.1'))).to.equal('02000000');
    expect(output(HUB_COUNT, 4, at('3-1.2.3.4'))).to.equal('04000000');
  });

  it('GET_BUS_INFO has 16 bytes: AcquireBusInfo, bits a second of a bus of this speed, length of the name (2.2.12.6)', () => {
    const bytesOfName = (CONTROLLER.length * 2).toString(16).padStart(2, '0');
    for (const [speed, bandwidth] of [
      ['low', '001bb700'],
      ['full', '001bb700'],
      ['high', '00389c1c'],
      ['super', 'ffffffff'],
    ] as const) {
      expect(output(BUS_INFO, 16, at('1-2', speed))).to.equal(`05000000${bandwidth}00000000${bytesOfName}000000`);
    }
  });

  it('GET_HUB_NAME and GET_CONTROLLER_NAME are a length and UTF-16 text; who shares a hub has its name (2.2.12.5, 2.2.12.7)', () => {
    const hubOf = (portPath: string) => nameIn(control(HUB_NAME, 256, unknown(), at(portPath)));
    expect(hubOf('1-4.1')).to.equal('USB#HUB#1-4');
    expect(hubOf('1-4.2')).to.equal('USB#HUB#1-4');
    expect(hubOf('1-4.2.7')).to.equal('USB#HUB#1-4.2');
    expect(hubOf('1-4')).to.equal('USB#ROOT_HUB#1');
    expect(nameIn(control(CONTROLLER_NAME, 256))).to.equal(CONTROLLER);
  });

  it('what the device knows itself is told, as of one that is redirected from somewhere else', () => {
    const knowing = (busAnswer: UsbBusAnswer): UsbResult => ({ ...unknown('completed'), busAnswer });
    const hubCount = control(HUB_COUNT, 4, knowing({ query: 'hubCount', hubCount: 5 }));
    expect(toHex(hubCount.completion.outputBuffer)).to.equal('05000000');
    expect(nameIn(control(HUB_NAME, 256, knowing({ query: 'hubName', name: 'over there' })))).to.equal('over there');
    const off = { query: 'portStatus', isConnected: true, isEnabled: false } as const;
    expect(toHex(control(PORT_STATUS, 4, knowing(off)).completion.outputBuffer)).to.equal('02000000');
    const told = { query: 'busInformation', totalBandwidth: 1, consumedBandwidth: 2, controllerNameLength: 3 } as const;
    const { outputBuffer } = control(BUS_INFO, 16, knowing(told)).completion;
    expect(toHex(outputBuffer)).to.equal('05000000010000000200000003000000');
  });

  it('an answer to another question counts for none, and a failure is told', () => {
    const wrong = { ...unknown('completed'), busAnswer: { query: 'hubCount', hubCount: 5 } } as const;
    expect(toHex(control(PORT_STATUS, 4, wrong).completion.outputBuffer)).to.equal('03000000');
    const failed = control(PORT_STATUS, 4, unknown('disconnected')).completion;
    expect(failed).to.deep.equal({
      hResult: Hresult.ERROR_DEVICE_NOT_CONNECTED,
      information: 0,
      outputBuffer: EMPTY,
    });
  });

  it('with a buffer that is too small says how much it needs and fills what is there (2.2.7.1)', () => {
    for (const code of [PORT_STATUS, HUB_NAME]) {
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
  it('QUERY_BUS_TIME is the frame number, of the device where that has one', () => {
    for (const [answer, expected] of [
      [unknown(), '67120000'],
      [{ ...unknown('completed'), busAnswer: { query: 'busTime', frameNumber: 0x12345 } }, '45230100'],
    ] as const) {
      const { operations, completion } = control(0x00224000, 4, answer, { internal: true });
      expect(operations).to.deep.equal([{ type: 'queryBus', query: 'busTime' }]);
      const { hResult, information, outputBuffer } = completion;
      expect([hResult, information, toHex(outputBuffer)]).to.deep.equal([0, 4, expected]);
    }
  });

  it('knows no other code, not even those of IO_CONTROL', () => {
    for (const code of [0x00220007, 0x00220013, 1]) {
      const { operations, completion } = control(code, 4, unknown(), { internal: true });
      expect([operations.length, completion.hResult]).to.deep.equal([0, Hresult.ERROR_NOT_SUPPORTED]);
    }
  });
});
