import { DecodeError } from '../../codecs/core/errors.ts';
import { type Configuration, parseConfiguration } from '../../codecs/usb/configurationDescriptor.ts';

/** A configuration descriptor and what it says. */
export interface KnownConfiguration {
  readonly descriptor: Uint8Array;
  readonly configuration: Configuration;
}

/** The configurations of a device; one whose descriptor cannot be read is left out and so cannot be selected. */
export function knownConfigurations(descriptors: readonly Uint8Array[]): KnownConfiguration[] {
  return descriptors.flatMap((descriptor) => {
    try {
      return [{ descriptor, configuration: parseConfiguration(descriptor) }];
    } catch (error) {
      if (error instanceof DecodeError) return [];
      throw error;
    }
  });
}
