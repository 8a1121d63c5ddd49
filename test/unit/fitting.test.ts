import * as fc from "fast-check";
import { fitting } from "../../components/names";

test("what fits stays as it is, and what does not ends in a hash of the whole", () => {
    expect(fitting("exactly-10", 10)).toBe("exactly-10");
    expect(fitting("one-more-10", 10)).toMatch(/^o-[0-9a-f]{8}$/);
});

test("long names that differ at their end stay different", () => {
    fc.assert(
        fc.property(fc.string({ minLength: 255 }), fc.string(), fc.string(), (start, a, b) => {
            fc.pre(a !== b);
            const [first, second] = [fitting(`${start}${a}`, 255), fitting(`${start}${b}`, 255)];
            expect(first).not.toBe(second);
            expect(first.length).toBeLessThanOrEqual(255);
        }),
    );
});
