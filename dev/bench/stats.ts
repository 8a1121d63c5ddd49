/** Figures of one row: seconds of several runs. */
export interface Spread {
    median: number;
    min: number;
    max: number;
    runs: number;
}

/** Median and spread; the median of an even number is the mean of the two in the middle. */
export function spread(values: readonly number[]): Spread {
    if (values.length === 0) {
        throw new Error("no runs to summarise");
    }
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    return { median, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length };
}

/** `2.31 s (2.20–2.50)`. */
export function formatSpread({ median, min, max }: Spread): string {
    return `${median.toFixed(2)} s (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** The ratio of two medians, `1.8×`. */
export function ratio(a: Spread, b: Spread): string {
    return `${(a.median / b.median).toFixed(1)}×`;
}
