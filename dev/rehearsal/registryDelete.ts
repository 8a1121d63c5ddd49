/** A user and password of a registry. */
export interface RegistryLogin {
    address: string;
    username: string;
    password: string;
}

/** A reference split into what the registry's API needs. */
export function splitReference(reference: string): { host: string; repository: string; digest?: string } {
    const [name = "", digest] = reference.split("@");
    const slash = name.indexOf("/");
    const first = name.slice(0, slash);
    const qualified = slash > 0 && (/[.:]/.test(first) || first === "localhost");
    const host = qualified ? first : "registry-1.docker.io";
    const path = (qualified ? name.slice(slash + 1) : name).replace(/:[^:/]+$/, "");
    return { host, repository: qualified || path.includes("/") ? path : `library/${path}`, digest };
}

/** Deletes a manifest by digest. A manifest that is gone already, or a registry without deletion, is no error: as the provider. */
export async function deleteManifest(
    reference: string,
    logins: RegistryLogin[],
    warn: (text: string) => void,
): Promise<void> {
    const { host, repository, digest } = splitReference(reference);
    const login = logins.find(({ address }) => registryKey(address) === registryKey(host));
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    const path = `/v2/${repository}/manifests/${digest ?? ""}`;
    let response = await request(host, path, basic);
    const challenge = response.headers.get("www-authenticate") ?? "";
    if (response.status === 401 && /^bearer /i.test(challenge)) {
        response = await request(host, path, `Bearer ${await token(challenge, repository, basic)}`);
    }
    if (response.ok || response.status === 404) {
        return;
    }
    if (response.status === 405 || response.status === 400) {
        warn(`${reference}: this registry does not support deletions`);
        return;
    }
    throw new Error(`deleting ${reference}: the registry answered ${response.status} ${response.statusText}`);
}

/** The host under which Docker keeps a login. */
export function registryKey(address: string): string {
    const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
    return ["docker.io", "index.docker.io", "registry-1.docker.io"].includes(host)
        ? "https://index.docker.io/v1/"
        : host;
}

async function request(host: string, path: string, authorization: string | undefined): Promise<Response> {
    const init = { method: "DELETE", headers: authorization ? { authorization } : undefined };
    const endpoint = host === "docker.io" ? "registry-1.docker.io" : host;
    const loopback = /^(localhost|127\.|\[::1\])/.test(host);
    try {
        return await fetch(`https://${endpoint}${path}`, init);
    } catch (error) {
        // buildx takes loopback hosts for plain HTTP too.
        if (loopback) {
            return fetch(`http://${endpoint}${path}`, init);
        }
        throw new Error(`deleting a manifest at ${host}: ${String((error as Error).cause ?? error)}`);
    }
}

async function token(challenge: string, repository: string, basic: string | undefined): Promise<string> {
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const url = new URL(field("realm") ?? "");
    url.searchParams.set("service", field("service") ?? "");
    url.searchParams.set("scope", `repository:${repository}:pull,delete`);
    const response = await fetch(url, { headers: basic ? { authorization: basic } : undefined });
    const body = (await response.json()) as { token?: string; access_token?: string };
    return body.token ?? body.access_token ?? "";
}
