import { struct } from '../urbdrcStructs.generated.ts';
import type { TsUrbBody, TsUrbHeader } from './header.ts';

/** TS_URB_CONTROL_DESCRIPTOR_REQUEST, [MS-RDPEUSB] 2.2.9.9: GET_DESCRIPTOR and SET_DESCRIPTOR. */
export interface TsUrbControlDescriptorRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_DESCRIPTOR_REQUEST';
  /** Low byte of wValue. */
  readonly index: number;
  /** High byte of wValue. */
  readonly descriptorType: number;
  /** wIndex: for an interface or endpoint its number. */
  readonly languageId: number;
}

/** TS_URB_CONTROL_FEATURE_REQUEST, [MS-RDPEUSB] 2.2.9.10: SET_FEATURE and CLEAR_FEATURE. */
export interface TsUrbControlFeatureRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_FEATURE_REQUEST';
  /** wValue. */
  readonly featureSelector: number;
  /** wIndex. */
  readonly index: number;
}

/** TS_URB_CONTROL_GET_STATUS_REQUEST, [MS-RDPEUSB] 2.2.9.11. */
export interface TsUrbControlGetStatusRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_GET_STATUS_REQUEST';
  /** wIndex. */
  readonly index: number;
}

/** TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST, [MS-RDPEUSB] 2.2.9.12. */
export interface TsUrbControlVendorOrClassRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST';
  /** See {@link TransferFlags}. */
  readonly transferFlags: number;
  readonly requestTypeReservedBits: number;
  /** bRequest. */
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
}

/** TS_URB_CONTROL_GET_CONFIGURATION_REQUEST, [MS-RDPEUSB] 2.2.9.13. */
export interface TsUrbControlGetConfigurationRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST';
}

/** TS_URB_CONTROL_GET_INTERFACE_REQUEST, [MS-RDPEUSB] 2.2.9.14. */
export interface TsUrbControlGetInterfaceRequest extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_GET_INTERFACE_REQUEST';
  /** wIndex. */
  readonly interface: number;
}

/** TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST, [MS-RDPEUSB] 2.2.9.15: a Microsoft OS feature descriptor. */
export interface TsUrbOsFeatureDescriptorRequest extends TsUrbHeader {
  readonly name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST';
  /** 5 bits: 0 device, 1 interface, 2 endpoint, 3 other. */
  readonly recipient: number;
  readonly interfaceNumber: number;
  readonly msPageIndex: number;
  /** 4: extended compat id, 5: extended properties. */
  readonly msFeatureDescriptorIndex: number;
}

const Descriptor = struct('TS_URB_CONTROL_DESCRIPTOR_REQUEST', {
  Index: 'u8',
  DescriptorType: 'u8',
  LanguageId: 'u16',
});
const Feature = struct('TS_URB_CONTROL_FEATURE_REQUEST', { FeatureSelector: 'u16', Index: 'u16' });
const Status = struct('TS_URB_CONTROL_GET_STATUS_REQUEST', { Index: 'u16', Padding: 'u16' });
const VendorOrClass = struct('TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST', {
  TransferFlags: 'u32',
  RequestTypeReservedBits: 'u8',
  Request: 'u8',
  Value: 'u16',
  Index: 'u16',
  Padding: 'u16',
});
const Interface = struct('TS_URB_CONTROL_GET_INTERFACE_REQUEST', { Interface: 'u16', Padding: 'u16' });
const OsFeature = struct('TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST', {
  Recipient: 'u8',
  InterfaceNumber: 'u8',
  MS_PageIndex: 'u8',
  MS_FeatureDescriptorIndex: 'u16',
  Padding1: 'u8',
  Padding2: 'u16',
});
/** The upper bits of Recipient are padding. */
const RECIPIENT_MASK = 0x1f;

export const DescriptorRequest: TsUrbBody<TsUrbControlDescriptorRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { Index, DescriptorType, LanguageId } = Descriptor.decode(reader);
    return {
      name: 'TS_URB_CONTROL_DESCRIPTOR_REQUEST',
      urbFunction,
      requestId,
      noAck,
      index: Index,
      descriptorType: DescriptorType,
      languageId: LanguageId,
    };
  },
  write(out, { index, descriptorType, languageId }) {
    Descriptor.write(out, { Index: index, DescriptorType: descriptorType, LanguageId: languageId });
  },
};

export const FeatureRequest: TsUrbBody<TsUrbControlFeatureRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { FeatureSelector, Index } = Feature.decode(reader);
    return {
      name: 'TS_URB_CONTROL_FEATURE_REQUEST',
      urbFunction,
      requestId,
      noAck,
      featureSelector: FeatureSelector,
      index: Index,
    };
  },
  write: (out, { featureSelector, index }) => Feature.write(out, { FeatureSelector: featureSelector, Index: index }),
};

export const GetStatusRequest: TsUrbBody<TsUrbControlGetStatusRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { Index } = Status.decode(reader);
    return { name: 'TS_URB_CONTROL_GET_STATUS_REQUEST', urbFunction, requestId, noAck, index: Index };
  },
  write: (out, { index }) => Status.write(out, { Index: index, Padding: 0 }),
};

export const VendorOrClassRequest: TsUrbBody<TsUrbControlVendorOrClassRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const body = VendorOrClass.decode(reader);
    return {
      name: 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST',
      urbFunction,
      requestId,
      noAck,
      transferFlags: body.TransferFlags,
      requestTypeReservedBits: body.RequestTypeReservedBits,
      request: body.Request,
      value: body.Value,
      index: body.Index,
    };
  },
  write(out, value) {
    VendorOrClass.write(out, {
      TransferFlags: value.transferFlags,
      RequestTypeReservedBits: value.requestTypeReservedBits,
      Request: value.request,
      Value: value.value,
      Index: value.index,
      Padding: 0,
    });
  },
};

export const GetInterfaceRequest: TsUrbBody<TsUrbControlGetInterfaceRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const body = Interface.decode(reader);
    return {
      name: 'TS_URB_CONTROL_GET_INTERFACE_REQUEST',
      urbFunction,
      requestId,
      noAck,
      interface: body.Interface,
    };
  },
  write: (out, value) => Interface.write(out, { Interface: value.interface, Padding: 0 }),
};

export const OsFeatureDescriptorRequest: TsUrbBody<TsUrbOsFeatureDescriptorRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const body = OsFeature.decode(reader);
    return {
      name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST',
      urbFunction,
      requestId,
      noAck,
      recipient: body.Recipient & RECIPIENT_MASK,
      interfaceNumber: body.InterfaceNumber,
      msPageIndex: body.MS_PageIndex,
      msFeatureDescriptorIndex: body.MS_FeatureDescriptorIndex,
    };
  },
  write(out, value) {
    OsFeature.write(out, {
      Recipient: value.recipient & RECIPIENT_MASK,
      InterfaceNumber: value.interfaceNumber,
      MS_PageIndex: value.msPageIndex,
      MS_FeatureDescriptorIndex: value.msFeatureDescriptorIndex,
      Padding1: 0,
      Padding2: 0,
    });
  },
};
