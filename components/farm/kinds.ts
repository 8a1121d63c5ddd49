import { type Kind, anything, hidden, map, object, plainText, text } from "../kinds";
import { farmTlsKinds } from "../tls/kinds";
import type { FarmSettings } from "./validate";

/** What kind of value each argument of a farm is; each backend and the registry check what is in theirs. */
const kinds: Record<keyof FarmSettings, Kind> = {
    builderName: plainText,
    ec2: anything,
    eks: anything,
    endpoints: anything,
    tls: farmTlsKinds,
    ci: anything,
    credentials: anything,
    registry: anything,
    registryCredentials: hidden(object({ username: text, password: text })),
    tags: map(text),
    permissionsBoundary: text,
    rolePath: plainText,
    namePrefix: plainText,
    kmsKeyArn: text,
    parameterPrefix: plainText,
};

export const farmKinds = object(kinds);
