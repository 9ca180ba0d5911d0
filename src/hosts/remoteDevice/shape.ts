/** The properties of a class. The types of WebUSB are classes; ours are plain objects of the same shape. */
export type Shape<T> = { readonly [K in keyof T]: T[K] };
