import {
  type Capacity,
  encodeCapacity10,
  encodeCapacity16,
  encodeDescriptorSense,
  encodeFixedSense,
  OperationCode,
  READ_CAPACITY_16,
  type Sense,
  SenseKey,
} from '../../../codecs/usb/scsi.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';
import { type BlockRange, CommandBlock, formatCapacities, logicalUnits } from './scsiCommand.ts';
import {
  type DiskIdentification,
  modeParameters,
  PageControl,
  standardInquiry,
  vitalProductData,
} from './scsiPages.ts';

const sense = (key: number, additionalCode: number, additionalQualifier: number): Sense => ({
  key,
  additionalCode,
  additionalQualifier,
});

/** The senses of this disk, named as [SPC-4] annex E does. */
export const Senses = {
  NO_SENSE: sense(SenseKey.noSense, 0x00, 0x00),
  MEDIUM_NOT_PRESENT: sense(SenseKey.notReady, 0x3a, 0x00),
  WRITE_ERROR: sense(SenseKey.mediumError, 0x0c, 0x00),
  UNRECOVERED_READ_ERROR: sense(SenseKey.mediumError, 0x11, 0x00),
  INVALID_COMMAND_OPERATION_CODE: sense(SenseKey.illegalRequest, 0x20, 0x00),
  LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE: sense(SenseKey.illegalRequest, 0x21, 0x00),
  INVALID_FIELD_IN_CDB: sense(SenseKey.illegalRequest, 0x24, 0x00),
  SAVING_PARAMETERS_NOT_SUPPORTED: sense(SenseKey.illegalRequest, 0x39, 0x00),
  MEDIUM_REMOVAL_PREVENTED: sense(SenseKey.illegalRequest, 0x53, 0x02),
  WRITE_PROTECTED: sense(SenseKey.dataProtect, 0x27, 0x00),
} as const;

/** Action that the transport takes for a command. The caller performs it, and reports a failure with `fail`. */
export type ScsiAnswer =
  /** Nothing more: GOOD. */
  | { readonly type: 'good' }
  /** CHECK CONDITION; REQUEST SENSE says why. */
  | { readonly type: 'failed' }
  /** These bytes go to the host. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  | ({ readonly type: 'read' } & BlockRange)
  | ({ readonly type: 'write'; /** Not GOOD before it is on the medium. */ readonly flush: boolean } & BlockRange)
  | { readonly type: 'flush' };

const GOOD: ScsiAnswer = { type: 'good' };
const EVPD = 0x01;
const DESCRIPTOR_FORMAT = 0x01;
const PROTECTION = 0xe0;
const FORCE_UNIT_ACCESS = 0x08;
const BYTE_CHECK = 0x06;
const LOAD_EJECT = 0x02;
const START = 0x01;
const PMI = 0x01;

/**
 * The direct access block device of [SPC-4] and [SBC-3] as far as sticks go: it understands commands, and leaves the
 * moving of blocks to its caller. It has only logical unit 0. Nothing happens without the host, so that there is no UNIT
 * ATTENTION.
 */
export class ScsiDisk {
  readonly #store: BlockStore;
  readonly #identification: DiskIdentification;
  #sense: Sense = Senses.NO_SENSE;
  #isPresent = true;
  #isRemovalPrevented = false;

  constructor(store: BlockStore, identification: DiskIdentification) {
    this.#store = store;
    this.#identification = identification;
  }

  /** The next REQUEST SENSE reports this. */
  fail(sense: Sense): ScsiAnswer {
    this.#sense = sense;
    return { type: 'failed' };
  }

  /** As after power on. */
  reset(): void {
    this.#sense = Senses.NO_SENSE;
    this.#isPresent = true;
    this.#isRemovalPrevented = false;
  }

  /** `bytes`: 1 to 16 bytes of a command descriptor block. */
  execute(bytes: Uint8Array): ScsiAnswer {
    const command = new CommandBlock(bytes);
    if (command.operationCode === OperationCode.REQUEST_SENSE) return this.#requestSense(command);
    this.#sense = Senses.NO_SENSE;
    if (!command.isWhole) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    return this.#always(command) ?? this.#withMedium(command);
  }

  /** Commands that work without a medium; undefined for others. */
  #always(command: CommandBlock): ScsiAnswer | undefined {
    switch (command.operationCode) {
      case OperationCode.INQUIRY:
        return this.#inquiry(command);
      case OperationCode.MODE_SENSE_6:
        return this.#modeSense(command, 6, command.u8(4));
      case OperationCode.MODE_SENSE_10:
        return this.#modeSense(command, 10, command.u16(7));
      case OperationCode.START_STOP_UNIT:
        return this.#startStop(command);
      case OperationCode.PREVENT_ALLOW_MEDIUM_REMOVAL:
        this.#isRemovalPrevented = (command.u8(4) & 1) !== 0;
        return GOOD;
      case OperationCode.READ_FORMAT_CAPACITIES:
        return sent(formatCapacities(this.#store.blockCount, this.#isPresent), command.u16(7));
      case OperationCode.REPORT_LUNS:
        return this.#reportLuns(command);
      default:
        return undefined;
    }
  }

  #withMedium(command: CommandBlock): ScsiAnswer {
    const run = this.#mediumCommand(command);
    if (run === undefined) return this.fail(Senses.INVALID_COMMAND_OPERATION_CODE);
    return this.#isPresent ? run() : this.fail(Senses.MEDIUM_NOT_PRESENT);
  }

  #mediumCommand(command: CommandBlock): (() => ScsiAnswer) | undefined {
    switch (command.operationCode) {
      case OperationCode.TEST_UNIT_READY:
        return () => GOOD;
      case OperationCode.READ_CAPACITY_10:
        return () => this.#readCapacity10(command);
      case OperationCode.SERVICE_ACTION_IN_16:
        return () => this.#serviceActionIn(command);
      case OperationCode.READ_6:
      case OperationCode.READ_10:
      case OperationCode.READ_12:
      case OperationCode.READ_16:
        return () => this.#read(command);
      case OperationCode.WRITE_6:
      case OperationCode.WRITE_10:
      case OperationCode.WRITE_12:
      case OperationCode.WRITE_16:
        return () => this.#write(command);
      case OperationCode.VERIFY_10:
        return () => this.#verify(command);
      case OperationCode.SYNCHRONIZE_CACHE_10:
      case OperationCode.SYNCHRONIZE_CACHE_16:
        return () => this.#rangeError(command) ?? { type: 'flush' };
      default:
        return undefined;
    }
  }

  #requestSense(command: CommandBlock): ScsiAnswer {
    const isDescriptor = (command.u8(1) & DESCRIPTOR_FORMAT) !== 0;
    const data = isDescriptor ? encodeDescriptorSense(this.#sense) : encodeFixedSense(this.#sense);
    this.#sense = Senses.NO_SENSE;
    return sent(data, command.u8(4));
  }

  #inquiry(command: CommandBlock): ScsiAnswer {
    const isVital = (command.u8(1) & EVPD) !== 0;
    const pageCode = command.u8(2);
    if (!isVital && pageCode !== 0) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    const data = isVital ? vitalProductData(pageCode, this.#identification) : standardInquiry(this.#identification);
    return data === undefined ? this.fail(Senses.INVALID_FIELD_IN_CDB) : sent(data, command.u16(3));
  }

  #modeSense(command: CommandBlock, size: 6 | 10, allocationLength: number): ScsiAnswer {
    const pageControl = command.u8(2) >> 6;
    if (pageControl === PageControl.saved) return this.fail(Senses.SAVING_PARAMETERS_NOT_SUPPORTED);
    const request = { command: size, pageCode: command.u8(2) & 0x3f, subpageCode: command.u8(3), pageControl };
    const data = modeParameters(request, this.#store.readOnly);
    return data === undefined ? this.fail(Senses.INVALID_FIELD_IN_CDB) : sent(data, allocationLength);
  }

  #startStop(command: CommandBlock): ScsiAnswer {
    if ((command.u8(4) & LOAD_EJECT) === 0) return GOOD;
    const isLoad = (command.u8(4) & START) !== 0;
    if (!isLoad && this.#isRemovalPrevented) return this.fail(Senses.MEDIUM_REMOVAL_PREVENTED);
    this.#isPresent = isLoad;
    return isLoad ? GOOD : { type: 'flush' };
  }

  #reportLuns(command: CommandBlock): ScsiAnswer {
    const allocationLength = command.u32(6);
    if (command.u8(2) > 2 || allocationLength < 16) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    return sent(logicalUnits(), allocationLength);
  }

  #readCapacity10(command: CommandBlock): ScsiAnswer {
    if ((command.u8(8) & PMI) === 0 && command.u32(2) !== 0) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    return { type: 'data', data: encodeCapacity10(this.#capacity) };
  }

  #serviceActionIn(command: CommandBlock): ScsiAnswer {
    if ((command.u8(1) & 0x1f) !== READ_CAPACITY_16) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    return sent(encodeCapacity16(this.#capacity), command.u32(10));
  }

  #read(command: CommandBlock): ScsiAnswer {
    return this.#protectionError(command) ?? this.#rangeError(command) ?? { type: 'read', ...command.range() };
  }

  #write(command: CommandBlock): ScsiAnswer {
    const error = this.#protectionError(command) ?? this.#rangeError(command);
    if (error !== undefined) return error;
    if (this.#store.readOnly) return this.fail(Senses.WRITE_PROTECTED);
    const flush = command.operationCode !== OperationCode.WRITE_6 && (command.u8(1) & FORCE_UNIT_ACCESS) !== 0;
    return { type: 'write', flush, ...command.range() };
  }

  /** Comparing with bytes of the host is not for sticks. */
  #verify(command: CommandBlock): ScsiAnswer {
    if ((command.u8(1) & BYTE_CHECK) !== 0) return this.fail(Senses.INVALID_FIELD_IN_CDB);
    return this.#protectionError(command) ?? this.#rangeError(command) ?? GOOD;
  }

  /** RDPROTECT and WRPROTECT: there is no protection information. In the 6-byte forms the bits are part of no field. */
  #protectionError(command: CommandBlock): ScsiAnswer | undefined {
    const { operationCode } = command;
    const isShort = operationCode === OperationCode.READ_6 || operationCode === OperationCode.WRITE_6;
    return !isShort && (command.u8(1) & PROTECTION) !== 0 ? this.fail(Senses.INVALID_FIELD_IN_CDB) : undefined;
  }

  get #capacity(): Capacity {
    return { sectorCount: this.#store.blockCount, sectorSize: BLOCK_SIZE };
  }

  #rangeError(command: CommandBlock): ScsiAnswer | undefined {
    const { firstBlock, count } = command.range();
    const isInside = firstBlock + count <= this.#store.blockCount;
    return isInside ? undefined : this.fail(Senses.LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE);
  }
}

/** As much as the host has allocated room for, [SPC-4] 4.2.5.6. */
function sent(data: Uint8Array, allocationLength: number): ScsiAnswer {
  return { type: 'data', data: data.subarray(0, allocationLength) };
}
