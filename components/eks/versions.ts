/** Ends of EKS's standard support. https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html */
const standardSupport: Record<string, string> = {
    "1.33": "2026-07-29",
    "1.34": "2026-12-02",
    "1.35": "2027-03-27",
};

/** What to say of a version that leaves standard support within sixty days; undefined while there is time. */
export function supportWarning(version: string, now: Date): string | undefined {
    const [oldest] = Object.keys(standardSupport);
    const minor = (text: string) => Number(text.split(".")[1]);
    const end = standardSupport[version];
    if (end === undefined) {
        return minor(version) < minor(oldest!)
            ? "which is out of standard support and costs more: upgrade it"
            : undefined;
    }
    const left = Math.ceil((Date.parse(end) - now.getTime()) / (24 * 3600_000));
    if (left > 60) {
        return undefined;
    }
    return left > 0
        ? `which leaves standard support on ${end}, in ${left} days, and costs more then: plan its upgrade`
        : `which left standard support on ${end} and costs more: upgrade it`;
}
