import { kindOf } from '../errors/index.ts';

const deepest = 5;
const mostItems = 50;
const longestText = 2_000;
// All text of one value together; with names and punctuation a line stays well below 256 KB.
const mostText = 40_000;
// What a number, or the frame of a value, counts for: many small values make a long line too.
const perValue = 8;

const hidden = '(not shown)';
const cut = '…';

/**
 * The value as plain JSON that may be shown: no secrets, no circles, and small whatever it was.
 */
export function loggable(value: unknown): unknown {
  return new Shown().value(value, 0);
}

/** One value on its way; it has so much text left to spend. */
class Shown {
  #left = mostText;

  value(value: unknown, depth: number): unknown {
    this.#left -= perValue;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
      case 'undefined':
        return value;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return this.#text(String(value));
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth >= deepest || this.#left <= 0) return cut;
    try {
      if (value instanceof Error) return this.#error(value, depth);
      if (value instanceof Date || value instanceof URL) return this.#text(String(value.toJSON()));
      if (value instanceof Map) return this.#fields([...value].slice(0, mostItems + 1), depth);
      if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
      if (Array.isArray(value) || value instanceof Set) return this.#items([...value], depth);
      return this.#fields(Object.entries(value), depth);
    } catch {
      // A getter or a proxy of somebody else threw: a log line is no place to fail for it.
      return '(unreadable)';
    }
  }

  #error(error: Error, depth: number): unknown {
    const { name, message, cause } = error;
    const errors: unknown = (error as { errors?: unknown }).errors;
    return {
      name,
      message: this.#text(message),
      kind: kindOf(error),
      ...('code' in error && { code: this.value(error.code, depth + 1) }),
      ...(cause !== undefined && { cause: this.value(cause, depth + 1) }),
      ...(Array.isArray(errors) && { errors: this.value(errors, depth + 1) }),
    };
  }

  #items(items: readonly unknown[], depth: number): unknown[] {
    const shown: unknown[] = [];
    for (const item of items.slice(0, mostItems)) {
      if (this.#left <= 0) break;
      shown.push(this.value(item, depth + 1));
    }
    return items.length > shown.length ? [...shown, `${cut} ${items.length - shown.length} more`] : shown;
  }

  #fields(entries: readonly (readonly [unknown, unknown])[], depth: number): object {
    const shown: [string, unknown][] = [];
    for (const [key, value] of entries.slice(0, mostItems)) {
      if (this.#left <= 0) break;
      const name = String(key).slice(0, 200);
      this.#left -= name.length;
      shown.push([name, isSecret(name) ? hidden : this.value(value, depth + 1)]);
    }
    if (entries.length > shown.length) shown.push([cut, 'there are more fields']);
    return Object.fromEntries(shown);
  }

  #text(text: string): string {
    const most = Math.max(0, Math.min(longestText, this.#left));
    // Looked at a little further than it is shown: half a secret is one too.
    const shown = withoutSecrets(text.slice(0, 2 * longestText)).slice(0, most);
    this.#left -= shown.length;
    return text.length > most ? shown + cut : shown;
  }
}

const secretWords = /authorization|password|passwd|secret|apikey|credential|cookie|privatekey/;

/** `apiKey`, `x-api-key`, `access_token`; not `tokens_used`, a count. */
function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return secretWords.test(plain) || plain.endsWith('token') || plain.endsWith('tokens');
}

function withoutSecrets(text: string): string {
  return text
    .replace(/([?&]([\w.-]+)=)[^&\s"'<>]+/g, (whole, start: string, name: string) =>
      isSecret(name) || /^(key|sig|signature)$/i.test(name) ? start + hidden : whole,
    )
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${hidden}`)
    .replace(/(\/\/[^/\s:@]+:)[^/\s@]+@/g, `$1${hidden}@`);
}
