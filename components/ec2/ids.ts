import type * as pulumi from "@pulumi/pulumi";
import type { Note } from "../kinds";
import { isPlain } from "../problems";

/** Notes a plain id that is of another kind of resource, or none. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html */
export function idProblem(path: string, id: pulumi.Input<string> | undefined, prefix: string, note: Note): void {
    if (isPlain(id) && !new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) {
        note(path, id, `must be an id such as ${prefix}-0123456789abcdef0`);
    }
}
