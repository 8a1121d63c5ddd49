import * as pulumi from "@pulumi/pulumi";
import { Ec2Builders } from "../../../../components/ec2/ec2Builders";
import type { Ec2BuildkitRelease } from "../../../../components/ec2/nodeArguments";
import { ec2TlsNodes } from "../../../../components/ec2/settings";
import { BuilderTls } from "../../../../components/tls/builderTls";
import { builderName, idleStopMinutes, nodes } from "../nodes";

/** What the proof sets. */
export interface ProofSettings {
    buildkit: Ec2BuildkitRelease;
    certificateValidityDays: number;
}

const settings = new pulumi.Config().requireObject<ProofSettings>("proof");
const { certificateValidityDays } = settings;

const tls = new BuilderTls(builderName, { nodes: ec2TlsNodes(builderName, { nodes }), certificateValidityDays });

new Ec2Builders(builderName, {
    subnetId: "subnet-0123456789abcdef0",
    access: { cidrs: ["10.0.0.0/20"] },
    nodes,
    cache: { sizeGiB: 50 },
    idleStopMinutes,
    stopTimeoutSeconds: 120,
    buildkit: settings.buildkit,
    tls: {
        clientCa: tls.clientCa,
        nodeCertificates: tls.nodeCertificates,
        credentials: pulumi
            .all([tls.serverCa, tls.clientCert, tls.clientKey])
            .apply(([ca, cert, key]) => ({ ca, cert, key })),
    },
});
