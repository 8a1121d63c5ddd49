import * as fc from "fast-check";
import {
    formatCidr,
    isPrivate,
    isWithin,
    networkProblem,
    overlaps,
    parseCidr,
    sourceCidrProblem,
} from "../../components/ec2/cidr";
import { bridgeProblem } from "../../components/ec2/validateNetwork";

const network = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
    .map(([first, bits]) => ({ first, bits }));

test("a network's text reads back to itself", () => {
    fc.assert(
        fc.property(network, (cidr) => {
            const text = formatCidr(cidr);
            expect(formatCidr(parseCidr(text)!)).toBe(text);
        }),
    );
});

test("networks overlap exactly when one holds the other's first address", () => {
    const size = ({ bits }: { bits: number }) => 2 ** (32 - bits);
    const start = (cidr: { first: number; bits: number }) => cidr.first - (cidr.first % size(cidr));
    const holds = (a: { first: number; bits: number }, address: number) =>
        address >= start(a) && address < start(a) + size(a);
    fc.assert(
        fc.property(network, network, (a, b) => {
            expect(overlaps(a, b)).toBe(holds(a, start(b)) || holds(b, start(a)));
            expect(overlaps(a, b)).toBe(overlaps(b, a));
        }),
    );
});

test.each(["", "10.0.0.0", "10.0.0.0/33", "256.0.0.0/8", "10.0.0/8", "10.0.0.0/8 ", "::/0", "010.0.0.0/8x"])(
    "%p is no network",
    (text) => {
        expect(parseCidr(text)).toBeUndefined();
    },
);

test.each([
    ["0.0.0.0/0", /open to far too much/],
    ["0.0.0.0/1", /open to far too much/],
    ["128.0.0.0/1", /open to far too much/],
    ["::/0", /IPv4/],
    ["10.0.0.5/8", /write 10\.0\.0\.0\/8/],
    ["10.0.0.0", /IPv4 network, for example/],
    ["10.0.0.0/7", /open to far too much/],
    ["0.0.0.0/8", /is no address of anybody/],
    ["127.0.0.0/8", /is each machine itself/],
    ["169.254.0.0/16", /link-local, and EC2's metadata service/],
    ["169.254.169.254/32", /link-local, and EC2's metadata service/],
    ["239.0.0.0/8", /multicast and reserved/],
    ["255.255.255.255/32", /multicast and reserved/],
    ["010.0.0.0/8", /leading zeros .*write 10\.0\.0\.0\/8/],
    ["10.0.0.0/08", /leading zeros .*write 10\.0\.0\.0\/8/],
])("%s is no source", (text, why) => {
    expect(sourceCidrProblem(text)).toMatch(why);
});

test.each(["10.0.0.0/8", "10.1.2.3/32", "203.0.113.0/24"])("%s is a source", (text) => {
    expect(sourceCidrProblem(text)).toBeUndefined();
});

test.each(["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "52.0.0.0/8", "10.0.0.7/32"])("%s is a way out", (text) => {
    expect(networkProblem(text)).toBeUndefined();
});

test("every network is a source, or is told with what is wrong; what is told to write is one", () => {
    const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
    fc.assert(
        fc.property(octets, fc.integer({ min: 0, max: 32 }), (address, bits) => {
            const told = sourceCidrProblem(`${address.join(".")}/${bits}`);
            const better = /write (.*)$/.exec(told ?? "")?.[1];
            const cidr = parseCidr(`${address.join(".")}/${bits}`)!;
            if (told === undefined) {
                expect(bits).toBeGreaterThanOrEqual(8);
                expect(formatCidr(cidr)).toBe(`${address.join(".")}/${bits}`);
            } else if (better !== undefined) {
                expect(better).toBe(formatCidr(cidr));
            }
        }),
    );
});

test("a network is within another when it shares its addresses and is not larger", () => {
    fc.assert(
        fc.property(network, network, (a, b) => {
            expect(isWithin(a, b)).toBe(overlaps(a, b) && a.bits >= b.bits);
            expect(isWithin(a, a)).toBe(true);
        }),
    );
});

test.each([
    ["10.0.0.0/8", true],
    ["172.31.0.0/16", true],
    ["100.64.0.0/10", true],
    ["172.0.0.0/8", false],
    ["8.8.8.0/24", false],
])("%s is private: %s", (text, expected) => {
    expect(isPrivate(parseCidr(text)!)).toBe(expected);
});

test("a bridge that overlaps the VPC is refused with one that does not", () => {
    expect(bridgeProblem("172.30.0.0/16", ["10.0.0.0/16"])).toBeUndefined();
    expect(bridgeProblem("172.30.0.0/16", ["10.0.0.0/16", "172.16.0.0/12"])).toMatch(
        /`bridgeSubnet`: 172\.30\.0\.0\/16 overlaps the VPC's 172\.16\.0\.0\/12.*for example 100\.127\.0\.0\/16/,
    );
});
