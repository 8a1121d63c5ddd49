import type { Note } from "./kinds";
import { isObject } from "./objects";
import { isPlain } from "./problems";

/** What every service takes that these tags reach. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
const characters = /^[\p{L}\p{Z}\p{N}_.:/=+@-]*$/u;
const taken = "letters, digits, spaces and `_ . : / = + - @`";

/** Checks tags as far as they are known. `room` is how many a resource takes besides its own. */
export function checkTags(tags: unknown, room: number, note: Note): void {
    if (!isObject(tags) || !isPlain(tags)) {
        return;
    }
    const keys = Object.keys(tags);
    if (keys.length > room) {
        note("tags", undefined, `must hold ${room} at most, not ${keys.length}: AWS takes 50 for each resource`);
        return;
    }
    for (const key of keys) {
        const path = `tags[${JSON.stringify(key.slice(0, 128))}]`;
        const value = tags[key];
        // IAM does not tell keys apart by case.
        const same = ["Name", ...keys].find((other) => other !== key && other.toLowerCase() === key.toLowerCase());
        if (key === "" || key.length > 128 || !characters.test(key)) {
            note(path, undefined, `its key must have 1 to 128 ${taken}`);
        } else if (/^aws:/i.test(key)) {
            note(path, undefined, "its key must not start with `aws:`, which AWS keeps for itself");
        } else if (same !== undefined) {
            note(path, undefined, `differs from \`${same}\` in case only, and IAM takes only one of them`);
        }
        if (typeof value === "string" && (value.length > 256 || !characters.test(value))) {
            note(path, value, `must have at most 256 ${taken}`);
        }
    }
}
