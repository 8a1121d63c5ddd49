import * as fc from "fast-check";

/** Where a value is within arguments. */
export type Path = (string | number)[];

/** Every place within arguments, the whole first. */
export function pathsOf(value: unknown, at: Path = []): Path[] {
    const inner = Array.isArray(value)
        ? value.flatMap((each, i) => pathsOf(each, [...at, i]))
        : isPlainObject(value)
          ? Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...at, key]))
          : [];
    return [at, ...inner];
}

/** Arguments with another value in one place; nothing is changed in those given. */
export function replaced(value: unknown, [key, ...rest]: Path, put: unknown): unknown {
    if (key === undefined) {
        return put;
    }
    if (Array.isArray(value)) {
        return value.map((each: unknown, i) => (i === key ? replaced(each, rest, put) : each));
    }
    return isPlainObject(value) ? { ...value, [key]: replaced(value[key], rest, put) } : value;
}

/** The value in one place. */
export function valueAt(value: unknown, path: Path): unknown {
    return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What YAML, JSON or another language may put where something else belongs. */
const anyValue = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown[]>(
        null,
        undefined,
        0,
        -1,
        1.5,
        NaN,
        Infinity,
        2 ** 53,
        "",
        "0",
        "true",
        [],
        [null],
        [[]],
        {},
        { a: null },
        [{}],
        JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "toString": 1}') as unknown,
        "x".repeat(100_000),
        ["x"].concat(Array.from({ length: 2000 }, (_, i) => `a${i}`)),
    ),
);

/** Good arguments with one to three places changed to anything, or with properties that do not exist. */
export function changedArguments(good: object): fc.Arbitrary<unknown> {
    const places = pathsOf(good);
    const change = fc.oneof(
        { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...places), anyValue) },
        {
            weight: 1,
            arbitrary: fc.tuple(fc.constantFrom(...places), fc.string(), anyValue).map(([place, key, value]) => {
                const object = valueAt(good, place);
                return [place, isPlainObject(object) ? { ...object, [key]: value } : object] as [Path, unknown];
            }),
        },
    );
    return fc
        .array(change, { minLength: 1, maxLength: 3 })
        .map((changes) => changes.reduce<unknown>((args, [place, value]) => replaced(args, place, value), good));
}
