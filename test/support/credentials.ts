import type { BuilderCredentials } from "../../components";
import { createCa, issueClient } from "../../dev/local/pki";

const day = 24 * 3600 * 1000;

/** Real client credentials, valid from yesterday to tomorrow; made once per test file. */
export async function makeCredentials(): Promise<BuilderCredentials> {
    const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
    const serverCa = await createCa("server CA", validity);
    const client = await issueClient(await createCa("client CA", validity), validity);
    return { ca: serverCa.cert, cert: client.cert, key: client.key };
}
