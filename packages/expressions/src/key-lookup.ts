import { HostObject } from "@squall/jinja";

/** What `st2kv.system` and its like are: keys are read when a template uses them, not before. */
export interface KeyLookup {
  /** The value under a key; `undefined` when there is none. */
  get(path: string): string | undefined;
}

/** A key that a template has named so far: `st2kv.system.a.b` is `a`, then `a.b`. */
class KeyPath extends HostObject implements KeyLookup {
  override readonly typeName = "KeyValueLookup";
  readonly path: string;
  private readonly readKey: (key: string) => string | undefined;

  constructor(path: string, readKey: (key: string) => string | undefined) {
    super();
    this.path = path;
    this.readKey = readKey;
  }

  get(path: string): string | undefined {
    return this.readKey(path);
  }

  override read(name: string): KeyPath {
    return new KeyPath(this.path === "" ? name : `${this.path}.${name}`, this.readKey);
  }

  /** A missing key is an empty text; the lookup itself has no value. */
  override value(): string | undefined {
    return this.path === "" ? undefined : (this.readKey(this.path) ?? "");
  }

  toJSON(): string | undefined {
    return this.value();
  }
}

/**
 * A value for a context under which templates address keys by attribute or subscript. `read` is called each time a key's
 * value is needed, and what it throws reaches the caller of the rendering unchanged if it has a property `needsKey`.
 */
export function keyLookup(read: (key: string) => string | undefined): KeyLookup {
  return new KeyPath("", read);
}

/** The key that a value was looked up by, if it is one. */
export const keyOf = (value: unknown): string | undefined => (value instanceof KeyPath ? value.path : undefined);
