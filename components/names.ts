import { createHash } from "node:crypto";

/** A name cut to what is taken; what is cut gets eight hexadecimal digits, so that two long names stay two. */
export function fitting(name: string, limit: number): string {
    if (name.length <= limit) {
        return name;
    }
    const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
    return `${name.slice(0, limit - 9)}-${hash}`;
}
