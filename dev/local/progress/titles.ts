import { architectureSuffix } from "../../../components/platform";
import type { ImageArguments } from "../arguments";

/** What people call the resources of an image that take time, by their names; other names stay as they are. */
export function taskTitles(
    image: Pick<ImageArguments, "name" | "tags">,
    platforms: string[],
): (name: string) => string {
    const titles = new Map([
        [`${image.name}-image`, platforms.join(", ")],
        ...platforms.flatMap((platform): [string, string][] => {
            const suffix = architectureSuffix(platform);
            return [
                [`${image.name}-${suffix}`, platform],
                [`${image.name}-smoke-${suffix}`, `${platform} smoke test`],
                [`${image.name}-cache-${suffix}`, `${platform} cache`],
            ];
        }),
        ...image.tags.map((tag, index): [string, string] => [`${image.name}-tag-${index}`, `tag ${tag}`]),
    ]);
    return (name) => titles.get(name) ?? name;
}
