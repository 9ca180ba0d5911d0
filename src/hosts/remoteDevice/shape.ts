/** What objects of a class look like. The types of WebUSB are classes; ours are plain objects of the same shape. */
export type Shape<T> = { readonly [K in keyof T]: T[K] };
