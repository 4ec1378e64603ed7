/** Like `Required<T>`, but also without the `undefined` that optional fields admit explicitly. */
export type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** What an update replaces: a field that is left out, or undefined, stays as it is. */
export type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };
