/** Whether a value is an object with properties: no list and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object without its undefined properties. */
export function present<T extends object>(value: T): T {
    return Object.fromEntries(Object.entries(value).filter(([, property]) => property !== undefined)) as T;
}

/** An object without the named properties. */
export function without<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
    return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;
}
