/** No less than the bytes that a value takes on the wire, as JSON or as protobuf's Struct. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return frame + bytesPerUnit * value.length;
  if (typeof value !== 'object' || value === null) return frame;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), frame);
  return Object.entries(value).reduce(
    (sum, [name, item]) => sum + frame + bytesPerUnit * name.length + sizeOf(item),
    frame,
  );
}

// Tags and lengths around a value, or a number with them.
const frame = 16;
// A UTF-16 unit takes up to three bytes of UTF-8.
const bytesPerUnit = 3;
