/**
 * The object, with other functions in the place of some of its methods. All else is done to the object itself, and its methods
 * are called on it: a class with private fields would not know the proxy.
 */
export function withMethods<T extends object>(target: T, methods: ReadonlyMap<PropertyKey, unknown>): T {
  const get = (name: PropertyKey): unknown => {
    if (methods.has(name)) return methods.get(name);
    const value: unknown = Reflect.get(target, name);
    return typeof value === 'function' ? value.bind(target) : value;
  };
  // A proxy of the object itself may not show another method than a frozen one has.
  const proxy: T = new Proxy(Object.create(Object.getPrototypeOf(target)) as T, {
    get: (_, name) => get(name),
    // What inherits from the proxy has its own.
    set: (_, name, value, receiver) =>
      Reflect.set(target, name, value, receiver === proxy ? target : receiver),
    has: (_, name) => Reflect.has(target, name),
    deleteProperty: (_, name) => Reflect.deleteProperty(target, name),
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(target, name, descriptor),
    ownKeys: () => Reflect.ownKeys(target),
    getOwnPropertyDescriptor(_, name) {
      const descriptor = Reflect.getOwnPropertyDescriptor(target, name);
      if (descriptor === undefined) return undefined;
      // What is fixed in the object is so for whoever sets it; here it would have to be in the proxy's own.
      return { ...descriptor, ...('value' in descriptor && { value: get(name) }), configurable: true };
    },
    preventExtensions: () => false,
  });
  return proxy;
}
