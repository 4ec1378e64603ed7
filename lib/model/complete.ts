/** Everything that could be left out, there. `Required` would keep the `undefined` that may be given in place of leaving it out. */
export type Given<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** Some of it: what is left out, or undefined, stays as it is. */
export type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };
