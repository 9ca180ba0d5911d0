import { Comment, Converter, ReflectionKind } from 'typedoc';

/** Where a structure is laid out, such as `[MS-RDPEUSB] 2.2.6.7`, in the comment on its type. */
const SECTION = /\[[^\]]+\] [\d.]+/;
const DISCRIMINANTS = new Set(['type', 'name', 'event', 'reason', 'query', 'outcome']);

/**
 * Comments of what says no more than its name does: codecs, which are named as their values, attributes of WebUSB, fields of structures on the wire, which their section
 * explains, and properties that tell the members of a union apart. Everything else must be documented in its source.
 *
 * @param {import('typedoc').Application} app
 */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const codec of project.getReflectionsByKind(ReflectionKind.Variable | ReflectionKind.TypeAlias)) {
      const isNamesake = (other) => other !== codec && other.name === codec.name && other.hasComment();
      if (codec.hasComment() || codec.parent?.children?.some(isNamesake) !== true) continue;
      codec.comment = new Comment([{ kind: 'text', text: 'The codec of these values.' }]);
    }
    // Named as the standard has them, which explains them.
    for (const name of ['configuration', 'configurations', 'opened']) {
      const member = project.getChildByName(['urbdrc', 'RemoteDevice', name]);
      const standard = member?.isDeclaration() === true ? (member.getSignature ?? member) : undefined;
      if (standard !== undefined) standard.comment ??= new Comment([{ kind: 'text', text: 'As in WebUSB.' }]);
    }
    for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
      const text = property.hasComment() ? undefined : textOf(property);
      if (text !== undefined) property.comment = new Comment([{ kind: 'text', text }]);
    }
  });
}

/** @param {import('typedoc').Reflection} property */
function textOf(property) {
  // A variant of a union has its comment as a whole, in the union.
  if (property.parent?.name === '__type') return 'Explained at the variant.';
  if (DISCRIMINANTS.has(property.name) && /["']/.test(String(property.type))) return 'Tells the variants apart.';
  const isOnTheWire = property.sources?.some(({ fileName }) => fileName.startsWith('codecs/'));
  if (isOnTheWire !== true) return undefined;
  const section = SECTION.exec(Comment.combineDisplayParts(property.parent?.comment?.summary ?? []))?.[0];
  return section === undefined ? 'A field of the structure.' : `A field of the structure in ${section}.`;
}
